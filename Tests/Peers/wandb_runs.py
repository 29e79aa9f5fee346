"""What the client of Weights & Biases keeps of an offline run, for `wandb sync` to upload: its records, in a log of
LevelDB's form."""
import json
import struct
import zlib

BLOCK = 32768
WHOLE, LAST = 1, 4


def run(options):
    from wandb.proto.wandb_internal_pb2 import Record

    [path] = options.folder.glob("*.wandb")
    answer = {"history": [], "summary": {}, "exit_code": None}
    for content in contents(path.read_bytes()):
        record = Record.FromString(content)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            config = {item.key: json.loads(item.value_json) for item in record.run.config.update}
            answer["run"] = {
                "id": record.run.run_id, "project": record.run.project, "name": record.run.display_name, "config": config}
        elif kind == "history":
            answer["history"].append(values(record.history.item))
        elif kind == "summary":
            answer["summary"].update(values(record.summary.update))
        elif kind == "exit":
            answer["exit_code"] = record.exit.exit_code
    answer["tables"] = {
        str(path.relative_to(options.folder)): json.loads(path.read_text())
        for path in sorted(options.folder.rglob("*.table.json"))}
    return answer


def values(items):
    """Of objects one entry a member, named `object.member`."""
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}


def contents(log):
    """The bytes of each record. Those of one that does not fit into its block go on in the next."""
    mark, number, version = struct.unpack_from("<4sHB", log)
    assert (mark, number, version) == (b":W&B", 0xBEE1, 0), "not a log of Weights & Biases"
    place, content = 7, b""
    while place + 7 <= len(log):
        left = BLOCK - place % BLOCK
        if left < 7:
            place += left
            continue
        checksum, size, kind = struct.unpack_from("<IHB", log, place)
        part = log[place + 7:place + 7 + size]
        assert zlib.crc32(bytes([kind]) + part) == checksum, f"a record at byte {place} is damaged"
        content += part
        place += 7 + size
        if kind in (WHOLE, LAST):
            yield content
            content = b""
