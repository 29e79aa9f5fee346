/// The Python that hands the records of a run on to Weights & Biases' client; run by `python3 -c`.
enum WandbScript {
    /// It answers on standard output with a JSON object a line: `{"package": version}` once the client is loaded and knows
    /// who logs in, `{"run": {"id", "mode", "url", "folder"}}` once the run has begun, `{"finished": true}` once all is
    /// delivered; in the place of any of them `{"failed": what, "reason": …}`. Its standard input is a line that says where
    /// the run goes, and then the run's records as the metrics file has them.
    static let text = #"""
        import sys
        sys.path[:] = filter(None, sys.path)  # the folder "wandb" of offline runs is not the package
        import contextlib
        import json
        import os
        import signal

        # Of a run that was interrupted Weights & Biases' own hooks say 255.
        EXIT_CODES = {"complete": 0, "early_stopping": 0, "interrupted": 255}


        def main():
            # A job's end is told by a record, or by the end of the input. To ignore signals would be handed down to the
            # client's own helpers, which it ends by them.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
                signal.signal(number, lambda *_: None)
            os.nice(10)  # training first
            # Whatever else reads or prints here gets nothing and goes to standard error.
            with os.fdopen(os.dup(0), encoding="utf-8") as records, os.fdopen(os.dup(1), "wb", buffering=0) as answers:
                nothing = os.open(os.devnull, os.O_RDWR)
                os.dup2(nothing, 0)
                os.dup2(2, 1)
                try:
                    serve(records, Answers(answers, nothing))
                except Failure as failure:
                    sys.exit(str(failure))


        def serve(records, answers):
            with answers.saying_why("package"):
                import wandb
                wandb.init, wandb.__version__  # a folder of that name has neither
            with answers.saying_why("login"):
                wandb.login()
            answers.say(package=wandb.__version__)
            place = json.loads(records.readline() or "null")
            if place is None:
                return  # nothing is to be told after all
            with answers.saying_why("init"):
                start = json.loads(records.readline())["run"]
                run = begin(wandb, place, start)
            with answers.saying_why("record"):
                mode = "disabled" if run.disabled else run.settings.mode
                answers.say(run={"id": run.id, "mode": mode, "url": run.url, "folder": os.path.dirname(run.dir)})
                answers.chat_no_more()
                exit_code = 1  # unless an end comes
                for line in records:
                    record = json.loads(line)
                    if "end" in record:
                        exit_code = EXIT_CODES.get(record["end"]["reason"], 1)
                    log(wandb, run, record, start)
                run.finish(exit_code=exit_code)
            answers.say(finished=True)


        def begin(wandb, place, start):
            settings = {"console": "off", "disable_code": True, "disable_git": True}
            if hasattr(wandb.Settings(), "x_stats_pid"):
                settings["x_stats_pid"] = os.getppid()  # its memory and processor are of interest, not ours
            config = {name[2:] if name.startswith("--") else name: plain(value) for name, value in start["recipe"].items()}
            for group in ("subject", "environment"):
                config[group] = start[group]
            config["run"] = {name: value for name, value in start.items() if not isinstance(value, dict)}
            identifier = None if os.environ.get("WANDB_RUN_ID") else place["id"]
            return wandb.init(
                project=place["project"], name=place["name"], id=identifier, resume=identifier and "allow",
                dir=None if os.environ.get("WANDB_DIR") else os.path.abspath(place["folder"]), config=config,
                allow_val_change=True, settings=settings)


        def plain(value):
            """A flag's value, which a recipe has as text: numbers and booleans serve as axes and filters there."""
            if not isinstance(value, str):
                return value
            text = value.strip("'")
            named = {"True": True, "False": False, "—": None}
            if text in named:
                return named[text]
            try:
                number = json.loads(text)
                return number if isinstance(number, (int, float)) else text
            except ValueError:
                return text


        def log(wandb, run, record, start):
            if "end" in record:
                run.summary.update({f"end/{name}": value for name, value in record["end"].items() if value is not None})
            elif "evaluation" in record:
                names = {name: f"{record['evaluation']}/{name}" for name in ("loss", "perplexity")}
                values = {names[name]: record[name] for name in names if record[name] is not None}
                run.log(values, step=record["step"])
                if record["is_best"]:
                    best = {name.replace("/", "/best_"): value for name, value in values.items()}
                    run.summary.update({**best, f"{record['evaluation']}/best_step": record["step"]})
            elif "answers" in record:
                rows = [[row["prompt"], row["answer"]] for row in record["list"]]
                table = wandb.Table(columns=["prompt", "answer"], data=rows)
                run.log({f"answers/{record['answers']}": table}, step=record["step"])
            elif "loss" in record:
                run.log(step_values(record, start), step=record["step"])


        def step_values(record, start):
            names = ("loss", "lr", "grad_norm", "aux_loss", "overflowed")
            values = {name: record[name] for name in names if record.get(name) is not None}
            values["epoch"] = record["step"] / max(start["steps_per_epoch"], 1)
            if record["seconds"] > 0:
                values["tokens_per_second"] = record["tokens"] / record["seconds"]
            uses = [sum(layer) for layer in zip(*record.get("expert_uses", []))]
            values.update({f"experts/{expert}": use / max(sum(uses), 1) for expert, use in enumerate(uses)})
            return values


        class Failure(Exception):
            pass


        class Answers:
            def __init__(self, output, nothing):
                self.output, self.nothing = output, nothing

            def say(self, **words):
                try:
                    self.output.write(json.dumps(words).encode() + b"\n")
                except OSError:
                    pass  # nobody is left to hear it

            @contextlib.contextmanager
            def saying_why(self, what):
                try:
                    yield
                except Exception as error:
                    name, lines = type(error).__name__, str(error).strip().splitlines()
                    reason = f"{name}: {lines[0]}" if lines else name
                    self.say(failed=what, reason=reason)
                    raise Failure(reason) from error

            def chat_no_more(self):
                """Standard error was kept for the case that the start fails."""
                os.dup2(self.nothing, 1)
                os.dup2(self.nothing, 2)


        main()
        """#
}
