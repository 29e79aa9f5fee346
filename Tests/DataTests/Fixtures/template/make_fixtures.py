"""Renders chat templates with Hugging Face transformers (and so with real Jinja) for the tests of ChatTemplate.

    python make_fixtures.py ../../../../../shared/tokenizers > cases.json

Needs transformers and jinja2. A case without "expected" is one that must fail.
"""
import json, sys
from transformers.utils.chat_template_utils import render_jinja_template

CHATML = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

LLAMA3 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{#- The system message, when there is one, goes first. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
    {%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

QWEN3 = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or message.role == "system" %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{#- This block checks for alternating user/assistant messages, skipping tool calling messages #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" and message.content is not none %}
        {%- generation %}
        {{- " " + message["content"] + eos_token}}
        {%- endgeneration %}
    {%- endif %}
{%- endfor %}
"""

TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "天气 <b>\"quoted\"</b> & 'more' / é", "parameters": {"type": "object", "properties": {"city": {"type": "string", "items": None}, "days": {"type": "integer", "default": 3, "max": 1.5}}, "required": ["city"], "empty": [], "none": {}}}},
         {"type": "function", "function": {"name": "now"}}]
def u(c): return {"role": "user", "content": c}
def a(c, **k): return {"role": "assistant", "content": c, **k}
def s(c): return {"role": "system", "content": c}
def t(c): return {"role": "tool", "content": c}
CALL = [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "北京", "days": 2, "f": 1e-07, "g": 1e22, "t": True, "n": None}}}]
CHATS = {
    "plain": [u("你是谁？"), a("我是MiniMind。")],
    "system": [s("Be brief."), u("Hi"), a("Hello!"), u("Bye"), a("See you.")],
    "systemInTheMiddle": [u("a"), a("b"), s("now be rude"), u("c"), a("d")],
    "empty": [u(""), a("")],
    "blanks": [u("  a\n\n"), a("\n\n b \t"), u("\r\n"), a("\u3000x\u00a0")],
    "unicode": [u("e\u0301 é 👩‍👩‍👧 \u0000\u0007 <s>"), a("</s> {{ x }} {% if %} ß ǅ")],
    "thinkInContent": [u("q"), a("<think>\nhm\n</think>\n\nanswer"), u("r"), a("<think>a</think>b</think>c")],
    "reasoning": [u("q"), a("x", reasoning_content="\nbecause\n"), u("r"), a("y", reasoning_content="")],
    "thinking": [u("q"), a("x", thinking="why"), u("r"), a("y", reasoning="so")],
    "toolCall": [u("weather?"), a(None, tool_calls=CALL), t("{\"t\": 20}"), a("20°")],
    "toolCallText": [u("weather?"), a("wait", tool_calls=[{"name": "now", "arguments": "{\"a\": 1}"}, {"name": "two", "arguments": {}}]), t("1"), t("2"), a("ok")],
    "toolResponseByUser": [u("<tool_response>x</tool_response>"), a("y"), u("<tool_response>z</tool_response>")],
    "userOnly": [u("hello")],
    "assistantFirst": [a("I begin"), u("fine")],
    "twoUsers": [u("a"), u("b"), a("c")],
    "extraKeys": [dict(u("a"), name="bob", items=[1, 2], weight=0.5), a("b")],
}

# (template, variables): each also is a claim about Jinja that the interpreter must share.
V = {"x": 3, "y": 2.5, "s": "Hello wörld", "l": [3, 1, 2], "d": {"b": 1, "a": {"c": [1, 2]}, "items": "own"}, "e": [], "n": None, "t": True,
     "people": [{"name": "Bob", "age": 3}, {"name": "alice", "age": 7}, {"name": "Bob", "age": 1}], "deep": {"a": [{"b": [1, {"c": None}]}], "é": "e\u0301"}}
SNIPPETS = r"""
{{ 1 + 2 * 3 - 4 / 2 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 7 % -3 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}|{{ 7.5 // 2 }}|{{ -7.5 % 2 }}
{{ -2 ** 2 }}|{{ 2 ** 3 ** 2 }}|{{ - x }}|{{ +x }}|{{ 1 - - 1 }}|{{ not not x }}
{{ 1.0 }}|{{ 1e16 }}|{{ 1e15 }}|{{ 0.0001 }}|{{ 0.00001 }}|{{ 1e-7 }}|{{ 1.5e300 }}|{{ 123456.789 }}|{{ 100.0 }}|{{ -0.0 }}|{{ 1/3 }}|{{ 12345678901234567.0 }}
{{ 'a' ~ 1 ~ 2.0 ~ none ~ true ~ nothing }}|{{ 'a' 'b' "c" }}|{{ 'x' * 3 }}|{{ [1] * 2 }}|{{ [1] + [2] }}|{{ (1,) + (2, 3) }}
{{ 1 < 2 < 3 }}|{{ 1 < 3 < 2 }}|{{ 1 == 1.0 }}|{{ true == 1 }}|{{ 'a' < 'b' }}|{{ [1, 2] < [1, 3] }}|{{ 1 != 2 != 1 }}|{{ none == nothing }}|{{ nothing == nothing2 }}
{{ 'ell' in s }}|{{ 'x' not in s }}|{{ 1 in l }}|{{ 9 not in l }}|{{ 'b' in d }}|{{ 'c' in d }}|{{ '' in s }}|{{ 1 in [] }}|{{ 'z' in nothing }}|{{ not 'H' in s }}
{{ x if t else 'no' }}|{{ 'no' if n }}|{{ 1 if n else 2 if e else 3 }}|{{ (1 if t) + 1 }}|{{ n or e or 'last' }}|{{ t and l and 0 }}|{{ n and 1 }}
{{ l[0] }}|{{ l[-1] }}|{{ l[9] }}|{{ l[1:] }}|{{ l[::-1] }}|{{ l[:-1] }}|{{ l[5:] }}|{{ l[-2:] }}|{{ l[::2] }}|{{ l[2:0:-1] }}|{{ s[1:4] }}|{{ s[::-1] }}|{{ s[0] }}|{{ s[-1] }}|{{ s[-99:3] }}|{{ (1,2,3)[1:] }}|{{ l[-99::-1] }}|{{ l[99::-1] }}
{{ d.b }}|{{ d['b'] }}|{{ d.a.c[1] }}|{{ d.missing }}|{{ d['missing'] }}|{{ d['items'] }}|{{ d.items() | list }}|{{ d.keys() | list }}|{{ d.values() | list }}|{{ d.get('b') }}|{{ d.get('z') }}|{{ d.get('z', 5) }}|{{ l.0 }}|{{ people.1.name }}
{{ [1, 'a', none, true, 2.0, "it's", 'say "hi"', 'b\n\t\\', (1,), (), [], {'k': [1]}] }}|{{ {'a': 1, 'b': {'c': 'é'}} }}|{{ (1, 2) }}|{{ 1, 2 }}|{{ '\x00\x7f\u200b\u3000' | list }}
{{ s | upper }}|{{ s | lower }}|{{ s | length }}|{{ 'e\u0301' | length }}|{{ '👩‍👩‍👧' | count }}|{{ s | title }}|{{ 'ab cd-ef (gh' | title }}|{{ 'hELLO wORLD' | capitalize }}|{{ 'ΑΣ ΣΑΣ' | lower }}|{{ 'straße ŉ' | upper }}|{{ "they're bill's 2nd" | title }}|{{ "they're bill's 2nd".title() }}
{{ '  a ' | trim }}|{{ 'xxaxx' | trim('x') }}|{{ '  a b ' | replace(' ', '_') }}|{{ 'aaa' | replace('a', 'b', 2) }}|{{ 'ab' | replace('', '-') }}|{{ 5 | string ~ 'x' }}|{{ nothing | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}|{{ none | default('d') }}|{{ nothing | d }}
{{ l | first }}|{{ l | last }}|{{ e | first }}|{{ l | sort }}|{{ l | sort(reverse=true) }}|{{ ['b', 'A', 'a', 'B'] | sort }}|{{ ['b', 'A', 'a', 'B'] | sort(case_sensitive=true) }}|{{ people | sort(attribute='age') | map(attribute='name') | list }}|{{ people | sort(attribute='name,age') | map(attribute='age') | join('-') }}
{{ l | reverse | list }}|{{ s | reverse }}|{{ l | join(', ') }}|{{ l | join }}|{{ people | join('/', attribute='name') }}|{{ ['a', 'A', 'b', 'a'] | unique | list }}|{{ ['a', 'A'] | unique(true) | list }}|{{ l | sum }}|{{ people | sum(attribute='age') }}|{{ l | min }}|{{ l | max }}|{{ people | max(attribute='age') }}
{{ people | map('length') | list }}|{{ ['a', 'b'] | map('upper') | join }}|{{ ['a'] | map('replace', 'a', 'b') | list }}|{{ people | map(attribute='zip', default='?') | list }}|{{ [0, 1, '', 'a'] | select | list }}|{{ [1, 2, 3] | select('odd') | list }}|{{ [1, 2, 3] | reject('gt', 1) | list }}|{{ people | selectattr('age', '>', 2) | map(attribute='name') | list }}|{{ people | rejectattr('name', 'equalto', 'Bob') | list }}|{{ people | selectattr('zip') | list }}|{{ people | selectattr('zip', 'defined') | list }}|{{ people | selectattr('name', 'in', ['alice']) | list }}
{{ '3' | int }}|{{ '3.9' | int }}|{{ 'x' | int }}|{{ 'x' | int(7) }}|{{ 3.9 | int }}|{{ -3.9 | int }}|{{ ' 12 ' | int }}|{{ '1_0' | int }}|{{ 'ff' | int(0, 16) }}|{{ '2.5' | float }}|{{ 'x' | float }}|{{ 3 | float }}|{{ -3 | abs }}|{{ 2.5 | round }}|{{ 2.567 | round(2) }}|{{ 2.1 | round(0, 'ceil') }}|{{ 7 | round }}|{{ none | int }}|{{ true | int }}
{{ d | items | list }}|{{ nothing | items | list }}|{{ d | dictsort }}|{{ {'b': 2, 'a': 3} | dictsort(by='value') }}|{{ d | list }}|{{ d | length }}|{{ s | list | length }}|{{ [1,2,3,4,5] | batch(2) | list }}|{{ [1,2,3,4,5] | batch(2, 0) | list }}|{{ [1,2,3,4,5] | slice(3) | list }}|{{ people | groupby('name') | length }}|{% for k, v in people | groupby('name') %}{{ k }}={{ v | length }};{% endfor %}
{{ deep | tojson }}|{{ deep | tojson(indent=2) }}|{{ s | tojson }}|{{ s | tojson(ensure_ascii=true) }}|{{ '👩\u0007"\\/' | tojson(ensure_ascii=true) }}|{{ d | tojson(sort_keys=true) }}|{{ l | tojson(separators=(',', ':')) }}|{{ [] | tojson(indent=1) }}|{{ {} | tojson(indent=1) }}|{{ (1, 2) | tojson }}|{{ 1.0 | tojson }}|{{ none | tojson }}|{{ '<&>' | tojson }}|{{ [1,[2]] | tojson(indent='--') }}
{{ "a\nb\n\nc" | indent }}|{{ "a\nb\n\nc" | indent(2, true) }}|{{ "a\n\nb" | indent(1, false, true) }}|{{ "a\nb\n" | indent('> ') }}|{{ 'a b c d e f g h' | truncate(9) }}|{{ 'a b c d e f g h i' | truncate(9, true) }}|{{ 'abc' | truncate(3, leeway=0) }}|{{ 'a b  c' | wordcount }}|{{ '<a> & "b"' | e }}|{{ '%s is %d or %r%%' | format('x', 3, 'y') }}|{{ '%s-%s' % ('a', 1) }}|{{ '%s' % 'a' }}
{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a b c'.split(' ', 1) }}|{{ 'a b  c '.split(none, 1) }}|{{ 'a b c'.rsplit(' ', 1) }}|{{ ' a b  c '.rsplit(none, 1) }}|{{ ''.split(',') }}|{{ ''.split() }}|{{ 'aaa'.split('aa') }}|{{ 'aaa'.rsplit('aa', 1) }}|{{ 'a</think>b'.split('</think>')[-1] }}
{{ '  a '.strip() }}|{{ 'xyaxy'.strip('yx') }}|{{ '\n\na\n'.lstrip('\n') }}|{{ 'a\n\n'.rstrip('\n') }}|{{ ' a\u3000\u00a0'.rstrip() }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.startswith(('x', 'a')) }}|{{ 'abc'.startswith('b', 1) }}|{{ 'abc'.endswith('bc') }}|{{ 'abc'.endswith('b', 0, 2) }}|{{ 'abc'.endswith('') }}|{{ 'e\u0301'.endswith('e') }}|{{ 'é' == 'e\u0301' }}
{{ 'banana'.find('an') }}|{{ 'banana'.rfind('an') }}|{{ 'banana'.find('x') }}|{{ 'banana'.find('an', 2) }}|{{ 'banana'.count('an') }}|{{ 'banana'.count('') }}|{{ 'wörld'.find('l') }}|{{ 'wörld'.index('d') }}|{{ 'banana'.replace('an', 'x') }}|{{ 'banana'.replace('a', 'x', 2) }}|{{ '-'.join(['a', 'b']) }}|{{ '-'.join('ab') }}|{{ 'banana'.rfind('') }}
{{ 'Ab c'.upper() }}|{{ 'Ab'.lower() }}|{{ 'aB'.swapcase() }}|{{ 'ab cd'.title() }}|{{ 'aB'.capitalize() }}|{{ '12'.isdigit() }}|{{ 'a1'.isalnum() }}|{{ 'ab'.isalpha() }}|{{ ''.isalpha() }}|{{ ' \t'.isspace() }}|{{ 'AB1'.isupper() }}|{{ '1'.isupper() }}|{{ 'ab'.islower() }}|{{ 'a-b-c'.partition('-') }}|{{ 'a-b-c'.rpartition('-') }}|{{ 'abc'.partition('x') }}|{{ 'abc'.rpartition('x') }}|{{ 'abc'.removeprefix('a') }}|{{ 'abc'.removesuffix('c') }}|{{ '7'.zfill(3) }}|{{ '-7'.zfill(3) }}|{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '.') }}|{{ 'a\nb\r\nc\u2028d\n'.splitlines() }}|{{ 'a\nb'.splitlines(true) }}|{{ '{} {0}'.replace('{0}', '') }}|{{ '{}-{}'.format(1, 'a') }}|{{ '{1}{0}{k}{{}}'.format(1, 2, k=3) }}
{{ x is defined }}|{{ nothing is defined }}|{{ d.zip is defined }}|{{ nothing is undefined }}|{{ n is none }}|{{ nothing is none }}|{{ s is string }}|{{ l is string }}|{{ d is mapping }}|{{ l is mapping }}|{{ l is iterable }}|{{ s is iterable }}|{{ x is iterable }}|{{ l is sequence }}|{{ d is sequence }}|{{ nothing is sequence }}|{{ nothing is iterable }}|{{ x is number }}|{{ t is number }}|{{ s is number }}|{{ t is boolean }}|{{ x is boolean }}|{{ t is true }}|{{ x is true }}|{{ 1 is true }}|{{ t is false }}|{{ x is integer }}|{{ t is integer }}|{{ y is float }}|{{ y is integer }}
{{ x is equalto 3 }}|{{ x is eq 3 }}|{{ x is ne(3) }}|{{ x is divisibleby 3 }}|{{ x is divisibleby(2) }}|{{ x is odd }}|{{ x is even }}|{{ x is in l }}|{{ x is not in [1] }}|{{ x is gt 2 and x is lt 4 }}|{{ x is not none }}|{{ not x is none }}|{{ 'A' is upper }}|{{ 'a' is lower }}|{{ n is sameas none }}|{{ x is ge 3 }}|{{ x is le(2) }}|{{ range is callable }}|{{ x is callable }}|{{ x is defined and d.b is defined or false }}|{{ l | length is equalto 3 }}|{{ (x is defined) | string | lower }}
{% for i in range(3) %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}|{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}|{% for i in [] %}x{% else %}none{% endfor %}|{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }} {% endfor %}|{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}|{% for c in 'añ' %}{{ c }}.{% endfor %}|{% for k in d %}{{ k }} {% endfor %}|{% for x in nothing %}a{% else %}b{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% else %}no{% endfor %}|{% for i in l if i > 9 %}{% else %}no{% endfor %}|{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('o', 'e') }}{{ loop.changed(i > 2) }};{% endfor %}
{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}|{% for i in [1, 2] %}{% for j in 'ab' %}{{ loop.index }}{{ j }}{{ loop.depth }}{% if j == 'a' %}{% continue %}{% endif %}!{% endfor %}{{ loop.index }}{% endfor %}|{% for i in [1] %}{% break %}{% else %}never{% endfor %}
{% set a = 1 %}{% for i in l %}{% set a = i %}{% endfor %}{{ a }}|{% set ns = namespace(c=0, found=false) %}{% for i in l %}{% set ns.c = ns.c + i %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.c }}{{ ns.found }}{{ ns.zip }}|{% if true %}{% set b = 2 %}{% endif %}{{ b }}|{% set p, q = 1, 2 %}{{ p }}{{ q }}|{% set t3 = 1, 2 %}{{ t3 }}|{% for i in [1, 2] %}{{ z }}{% set z = i %}{{ z }}{% endfor %}
{% set block %}  a{{ x }}{% set inner = 5 %} {% endset %}[{{ block }}]{{ inner }}|{% set up | upper | trim %} abc {% endset %}[{{ up }}]|{% with a = 1, b = x %}{{ a }}{{ b }}{% endwith %}{{ a }}|{% filter upper | replace('B', '-') %}abc{% endfilter %}
{% macro m(a, b=2, c=x) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, c=9) }}{{ m('a', 'b', 'c') }}{{ m() }}|{% macro r(n) %}{{ n }}{% if n > 0 %}{{ r(n - 1) }}{% endif %}{% endmacro %}{{ r(5) }}|{% set out = 1 %}{% macro see() %}{{ out }}{% endmacro %}{% set out = 2 %}{{ see() }}|{{ m(1) | upper | trim(';') }}
{%- if x == 1 -%} one {%- elif x == 3 -%} three {%- else -%} other {%- endif -%} | {% if n %}a{% elif e %}b{% else %}c{% endif %} | {{- ' x ' -}} | {# comment {{ x }} #}y{#- gone -#} z
{% raw %}{{ x }} {% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  |{{ '{{' }}{{ "}}" }}{{ {'a': {'b': 1}}['a']['b'] }}{{ {} }}
{% generation %}said{% set g = 1 %}{% endgeneration %}{{ g }}|{{ dict(a=1, b='x') }}|{{ dict([('k', 2)]) }}|{{ namespace({'a': 4}).a }}|{{ range(4) | list }}|{{ range(2, 8, 3) | list }}|{{ range(0) | list }}|{{ [range(3)[1], range(3)[-1]] }}
{{ x|string~'a'|upper }}|{{ 'a' + 'b' | upper }}|{{ ('a' + 'b') | upper }}|{{ -3 | abs }}|{{ 2 * 3 | string }}|{{ not 1 == 2 }}|{{ 1 if 0 else 2 if 1 else 3 }}|{{ x == 3 and y == 2.5 or z }}|{{ [1, 2,] }}|{{ {'a': 1,} }}|{{ s.split(' ')[0].lower() | length }}|{{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ '\u00e9\x41\101\q' }}
""".strip("\n").split("\n")

BLOCKS = [
    "a\n{% if x %}\nb\n{% endif %}\nc\n", "a\n   {% if x %}   \n  b\n\t{% endif %}\n\nc\n\n", "  {{ x }}  \n  {{- x }}\n  {{ x -}}  \n z", "a {%- if x -%} b {%- endif -%} c",
    "a\n  {%+ if x %}\n b{% endif +%}\nc", "a\n  {# note #}\nb\n  {#- note -#}\n c", "{% for i in l %}\n  {{ i }}\n{% endfor %}\n", "x  {% if x %} y {% endif %}  z\n",
    "a\r\n{% if x %}\r\nb\r\n{% endif %}\rc", "\n\n{%- if x %}\n\n  q\n{%- endif %}\n", "{% if x %}a{% endif %}\n\n", "  {% raw %}\n  {{ x }}\n  {% endraw %}\n  b", "{{ x }}\n\n{{ x }}\n", "   {% set a = 1 %}  {% set b = 2 %}\n{{ a }}", "{{ 'a\nb' }}\n{{ \"c\\\nd\" }}",
    "{% if x %}{# a #}\n{# b #}\n{% endif %}z", "a{# x -#}   b", "a   {#- x #}\nb", "{%- macro f() %}\n  in\n{% endmacro -%}\n\n{{ f() }}|", "é {%- if x %} ü{% endif %}", "\u3000{%- if x %}a{% endif %}",
]
FAILING = [
    "{{ nothing.a }}", "{{ nothing['a'] }}", "{{ d.a.b.c.e }}", "{{ nothing + 1 }}", "{{ 'a' + 1 }}", "{{ 1 + 'a' }}", "{{ none.a.b }}", "{{ nothing() }}", "{{ d.zip() }}", "{{ x() }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}",
    "{{ 1 < 'a' }}", "{{ none < 1 }}", "{{ x | nofilter }}", "{{ x is notest }}", "{% for i in 3 %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% set a, b = [1, 2, 3] %}", "{{ l.append(1) }}", "{{ d.update({}) }}", "{{ l.pop() }}",
    "{{ raise_exception('no') }}", "{% if x %}", "{% endif %}", "{{ x", "{{ x }", "{% if %}a{% endif %}", "{{ 'abc }}", "{# abc", "{% for x l %}{% endfor %}", "{{ (1 }}", "{{ [1, 2 }}", "{{ 1 2 }}", "{% unknown %}", "{{ x ! y }}", "{{ a b }}",
    "{% set 1 = 2 %}", "{% set x.y = 2 %}", "{{ range(1000000) }}", "{{ nothing | tojson }}", "{{ 'a'.split('') }}", "{{ l[::0] }}", "{% raw %}x", "{% set ns = namespace() %}{% set ns._a = 1 %}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{{ 'abc'.index('z') }}", "{{ 5 | length }}", "{{ 5 | join }}", "{{ ''.join([1]) }}", "{% break %}",
]

def render(template, messages, tools, prompt, variables):
    # apply_chat_template of transformers 5 does this before it calls the function: a null key is an absent one.
    messages = [{key: value for key, value in message.items() if value is not None} for message in messages]
    return render_jinja_template([messages], tools=tools, chat_template=template, add_generation_prompt=prompt, **variables)[0][0]

def main(folder):
    templates = {n: json.load(open(f"{folder}/{n}/tokenizer_config.json"))["chat_template"] for n in ("minimind-v2", "minimind-v3")}
    templates |= {"chatml": CHATML, "llama3": LLAMA3, "qwen3": QWEN3, "mistral": MISTRAL}
    special = {"bos_token": "<s>", "eos_token": "</s>"}
    chats = []
    for name in templates:
        for chat, messages in CHATS.items():
            for tools, prompt, extra in ((None, False, {}), (None, True, {}), (TOOLS, False, {}), (None, True, {"open_thinking": True, "enable_thinking": False})):
                case = {"template": name, "chat": chat, "tools": tools is not None, "prompt": prompt, "variables": extra}
                try: case["expected"] = render(templates[name], messages, tools, prompt, special | extra)
                except Exception: pass
                chats.append(case)
    snippets = []
    for template in SNIPPETS + BLOCKS + FAILING:
        case = {"template": template}
        try: case["expected"] = render(template, [], None, False, V)
        except Exception as error:
            if template not in FAILING: print("fails:", template, error, file=sys.stderr)
        else:
            if template in FAILING: print("does not fail:", template, repr(case["expected"]), file=sys.stderr)
        snippets.append(case)
    json.dump({"templates": templates, "messages": CHATS, "tools": TOOLS, "chats": chats, "variables": V, "snippets": snippets}, sys.stdout, ensure_ascii=False, indent=0)

main(sys.argv[1])
