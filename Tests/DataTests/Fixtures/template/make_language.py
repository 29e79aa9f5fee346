"""Renders pieces of Jinja with Hugging Face transformers for the tests of the template language.

    python make_language.py > language.json

Needs transformers and jinja2. Each line of a group is one template; what Jinja refuses has no "expected".
"""
import json, sys
from transformers.utils.chat_template_utils import render_jinja_template

VARIABLES = {
    "x": 3, "y": 2.5, "s": "Hello wörld", "html": "<a href=\"x\">Tom & 'Jerry'</a>", "l": [3, 1, 2], "e": [], "n": None, "t": True,
    "d": {"b": 1, "a": {"c": [1, 2]}}, "people": [{"name": "Bob", "age": 3}, {"name": "alice", "age": 30}],
    "big": 123456789012345678901234567890, "low": -99999999999999999999, "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}],
}

GROUPS = {
"call": r"""
{% macro box(title) %}[{{ title }}:{{ caller() }}]{% endmacro %}{% call box('a') %}body {{ x }}{% endcall %}
{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }},{% endfor %}{% endmacro %}{% call(item, place) each(l) %}{{ place }}={{ item }}{% endcall %}
{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(a, b='z') m() %}{{ a }}{{ b }}{% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}|{% call m() %}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}b{% endcall %}
{% macro outer() %}<{{ caller() }}>{% endmacro %}{% macro inner() %}({{ caller() }}){% endmacro %}{% call outer() %}{% call inner() %}deep{% endcall %}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ caller() }}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% for i in l %}{% call m() %}{{ i }}{{ loop.index }}{% endcall %}{% endfor %}
{% macro m() %}{{ caller()|upper }}{% endmacro %}{% set v = 1 %}{% call m() %}{% set v = 2 %}v{{ v }}{% endcall %}{{ v }}
{% macro m(caller=none) %}{{ caller is none }}{{ caller() if caller }}{% endmacro %}{{ m() }}{% call m() %}q{% endcall %}
{% call x %}{% endcall %}
{% call nothing() %}{% endcall %}
{% call s.upper() %}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% filter upper %}{% call m() %}abc{% endcall %}{% endfilter %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a) m() %}{{ a }}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() -%}
   trimmed
{%- endcall %}
{% macro m(a) %}{{ a }}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{% endmacro %}{{ m(1) }}
""",
"arguments": r"""
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}|{{ m() }}
{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, c=5) }}|{{ m(1, 2, 3, 4, z=1) }}|{{ m(b=1, a=9) }}
{% macro m(a) %}{{ kwargs }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a) %}{{ varargs | length }}{% endmacro %}{{ m(1, b=2) }}
{% macro m(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ m(*[1, 2]) }}|{{ m(**{'b': 1, 'a': 2}) }}|{{ m(1, *[2]) }}|{{ m(*'xy') }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, **{'a': 2}) }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(b=1, **{'b': 2}) }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*none) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(**3) }}
{{ dict(**d) }}|{{ dict({'q': 1}, **{'r': 2}) }}|{{ namespace(**d).b }}|{{ range(*[1, 4]) | list }}|{{ '{}-{k}'.format(*[1], **{'k': 2}) }}
{{ 'a,b,c'.split(*[',', 1]) }}|{{ s | replace(*['l', 'L']) }}|{{ [3, 1] | sort(**{'reverse': true}) }}
{{ x is divisibleby(*[3]) }}|{{ m(*[1], 2) }}
{{ f(a=1, 2) }}
{{ f(**a, b=1) }}
{{ f(*a, *b) }}
{% macro m(a) %}{% if kwargs %}{{ kwargs.items() | list }}{% endif %}{{ a }}{% endmacro %}{{ m(a=1, b=2, c=3) }}
{% macro m(a=x, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}{{ m(1) }}{{ m(b=5) }}
{% macro wrap(f) %}{{ f(*varargs, **kwargs) }}{% endmacro %}{% macro g(a, b) %}{{ a }}/{{ b }}{% endmacro %}{{ wrap(g, 1, b=2) }}
""",
"keys": r"""
{{ {1: 'a', 'x': 'b', none: 'c', 2.5: 'd', (1, 2): 'e', true: 'f'} }}
{{ {1: 'a', 1.0: 'b', true: 'c'} }}|{{ {0: 1, false: 2, -0.0: 3} }}|{{ {'1': 1, 1: 2} }}
{% set k = {1: 'a', none: 'n', (1, 2): 't', 'x': 's', 1.5: 'f'} %}{{ k[1] }}{{ k[true] }}{{ k[1.0] }}{{ k[none] }}{{ k[(1, 2)] }}{{ k[1, 2] }}{{ k['x'] }}{{ k[1.5] }}{{ k[9] is defined }}{{ k[none] is defined }}
{% set k = {1: 'a', none: 'n', (1, 2): 't'} %}{{ 1 in k }}{{ true in k }}{{ 1.0 in k }}{{ 2 in k }}{{ none in k }}{{ (1, 2) in k }}{{ '1' in k }}{{ k.get(1) }}{{ k.get(none) }}{{ k.get(7, 'z') }}{{ k.get((1, 2)) }}
{% set k = {1: 'a', 2: 'b'} %}{% for i in k %}{{ i + 1 }}{% endfor %}{% for i, v in k.items() %}{{ i * 2 }}{{ v }}{% endfor %}{{ k.keys() | list }}{{ k | list }}{{ k | items | list }}{{ k | length }}
{{ {1: 'a', true: 'b', none: 'c', 1.5: 'd', false: 'e', 'f': 1} | tojson }}|{{ {2: 1, 10: 2} | tojson(sort_keys=true) }}|{{ {'b': {1: none}} | tojson(indent=1) }}
{{ {(1, 2): 3} | tojson }}
{{ {1: 2, 'a': 3} | tojson(sort_keys=true) }}
{{ {[1]: 2} }}
{{ {{}: 2} }}
{{ [1] in {} }}
{{ {}.get([1]) }}
{{ {}[[1]] is defined }}
{{ {3: 'c', 1: 'a'} | dictsort }}|{{ {true: 1, 0: 2} | dictsort }}|{{ {'B': 1, 'a': 2} | dictsort }}|{{ {'b': 'Z', 'a': 'y'} | dictsort(by='value') }}
{{ {1: 2, 'a': 3} | dictsort }}
{{ dict([(1, 2), (none, 3)]) }}|{{ dict([[true, 1], [1, 2]]) }}|{{ dict({5: 6}, a=1) }}|{{ dict.fromkeys([1, 'a'], 0) }}|{{ {}.fromkeys('ab') }}
{{ {1: 2} == {1.0: 2} }}|{{ {1: 2} == {true: 2} }}|{{ {1: 2} == {'1': 2} }}|{{ [1, true, 1.0, 'a', 'A', none] | unique | list }}|{{ [(1, 2), (1, 2)] | unique | list }}
{{ [[1]] | unique | list }}
{{ dict(nothing) }}
{{ {nothing: 1} | length }}|{{ {'a': 1}[nothing] is defined }}
{% for k, v in {(1, 2): 3}.items() %}{{ k[0] }}{{ v }}{% endfor %}|{% for (a, b), c in {(1, 2): 3}.items() %}{{ a }}{{ b }}{{ c }}{% endfor %}
""",
"falsy": r"""
{{ none | select | list }}|{{ 0 | select | list }}|{{ false | reject | list }}|{{ nothing | selectattr('a') | list }}|{{ '' | rejectattr('a') | list }}|{{ none | map('upper') | list }}|{{ 0.0 | map(attribute='x') | list }}
{{ none | select('nosuchtest') | list }}|{{ 0 | map('nosuchfilter') | list }}|{{ none | map | list }}|{{ [] | selectattr | list }}
{{ 1 | select | list }}
{{ true | map('upper') | list }}
{{ none | list }}
{{ none | join }}
{{ none | first }}
{{ none | last }}
{{ none | length }}
{{ none | sort }}
{{ none | unique | list }}
{{ none | reverse }}
{{ none | sum }}
{{ none | min }}
{{ none | items | list }}
{{ none | dictsort }}
{{ none | batch(2) | list }}
{{ none | slice(2) | list }}
{{ none | groupby('a') }}
{{ none | indent }}
{{ none | truncate }}
{{ none | abs }}
{{ none | round }}
{{ nothing | abs }}
{{ nothing | round }}
{{ nothing | int }}
{{ nothing | float }}
{{ nothing | dictsort }}
{{ nothing | indent }}
{{ none | upper }}|{{ none | trim }}|{{ none | string }}|{{ none | replace('o', '0') }}|{{ none | title }}|{{ none | capitalize }}|{{ none | wordcount }}|{{ none | escape }}|{{ none | int }}|{{ none | float }}|{{ none | tojson }}|{{ none | default('x') }}|{{ none | format }}|{{ none | center(8) }}|{{ none | urlencode }}
{{ nothing | list }}|{{ nothing | join('x') }}|{{ nothing | first }}|{{ nothing | last }}|{{ nothing | length }}|{{ nothing | sort }}|{{ nothing | unique | list }}|{{ nothing | reverse | list }}|{{ nothing | sum }}|{{ nothing | min }}|{{ nothing | items | list }}|{{ nothing | batch(2) | list }}|{{ nothing | upper }}|{{ nothing | trim }}|{{ nothing | string }}|{{ nothing | truncate }}|{{ nothing | wordcount }}|{{ nothing | groupby('a') }}
{{ 5 | upper }}|{{ l | upper }}|{{ d | trim }}|{{ t | lower }}|{{ 5 | replace(5, 6) }}|{{ l | string }}|{{ [1] | wordcount }}
{{ 5 | truncate }}
{{ 5 | reverse }}
{{ d | first }}|{{ d | last }}|{{ d | reverse | list }}|{{ d | join(',') }}|{{ 'abc' | first }}|{{ 'abc' | last }}|{{ 'abc' | join('-') }}|{{ [2, none, 1] | select | list }}|{{ (1, 2) | first }}
{{ d | attr('b') }}|{{ s | attr('upper') is defined }}|{{ people[0] | attr('name') is defined }}
{{ people | groupby('age') | map('first') | list }}|{% for g in people | groupby('name') %}{{ g.grouper }}:{{ g.list | length }};{% endfor %}|{{ people | groupby('zip', default='q') | map(attribute='grouper') | list }}
{{ ['b', 'A'] | sort }}|{{ people | map(attribute='zip', default=none) | list }}|{{ people | map(attribute='zip') | list }}
{{ 3.0 is even }}|{{ 4.0 is even }}|{{ 2.5 is odd }}|{{ true is odd }}|{{ 9 is divisibleby 3 }}|{{ 9.0 is divisibleby 3 }}|{{ x is divisibleby(num=3) }}
{{ none is even }}
{{ 'upper' is filter }}|{{ 'nosuch' is filter }}|{{ 'defined' is test }}|{{ 'nosuch' is test }}|{{ 'random' is filter }}|{{ '==' is test }}
""",
"markup": r"""
{{ html | e }}|{{ html | escape | e }}|{{ html | safe }}|{{ html | safe | e }}|{{ html | e | forceescape }}|{{ html | safe is escaped }}|{{ html is escaped }}
{{ '<b>' + ('<i>' | safe) }}|{{ ('<i>' | safe) + '<b>' }}|{{ ('<i>' | safe) + ('<b>' | safe) }}|{{ '<b>' ~ ('<i>' | safe) }}|{{ (('<i>' | safe) ~ '<b>') is escaped }}
{{ ('<i>' | safe) + 1 }}
{{ ('%s' | safe) % '<' }}|{{ ('%s %s' | safe) % ('<', '>' | safe) }}|{{ '%s' % ('<' | safe) }}|{{ ('%d' | safe) % 3 }}|{{ ('%r' | safe) % '<' }}|{{ ('%(a)s' | safe) % {'a': '<'} }}|{{ ('%s' | safe) | format('<') }}
{{ ('{}' | safe).format('<') }}|{{ ('{}' | safe).format('<' | safe) }}|{{ '{}'.format('<' | safe) }}|{{ ('{a}' | safe).format(a='&') }}|{{ ('{a}' | safe).format_map({'a': '&'}) }}|{{ ('{0[a]}' | safe).format({'a': '<'}) }}
{{ ('a<b' | safe).replace('a', '<') }}|{{ ('ab' | safe).replace('a', '<' | safe) }}|{{ ('ab' | safe) | replace('a', '<') }}|{{ (('ab' | safe) | replace('a', '<')) is escaped }}
{{ (',' | safe).join(['<', '>' | safe]) }}|{{ ('<' | safe).join(['a', 1]) }}|{{ ','.join(['<' | safe]) }}|{{ ['<', '<' | safe] | join(',') }}|{{ ['a'] | join('<' | safe) }}|{{ (['a' | safe] | join) is escaped }}
{{ ('<' | safe) * 3 }}|{{ 2 * ('<' | safe) }}|{{ (('<' | safe) * 2) is escaped }}|{{ ('<a>' | safe)[1:] is escaped }}|{{ ('<a>' | safe)[0] is escaped }}|{{ ('<a>' | safe) | first is escaped }}|{{ ('ab' | safe) | list }}|{% for c in 'a' | safe %}{{ c is escaped }}{% endfor %}
{{ (' a ' | safe).strip() is escaped }}|{{ ('a' | safe).upper() is escaped }}|{{ ('a,b' | safe).split(',') }}|{{ ('a b' | safe).partition(' ') }}|{{ ('a\nb' | safe).splitlines() }}|{{ ('a' | safe).title() is escaped }}|{{ ('a' | safe).ljust(3, '-') }}|{{ ('a' | safe).center(4) is escaped }}|{{ ('7' | safe).zfill(3) is escaped }}|{{ ('ab' | safe).removeprefix('a') is escaped }}|{{ ('a\tb' | safe).expandtabs(2) is escaped }}
{{ ('a' | safe).ljust(3, '<') }}
{{ ('a' | safe) | upper is escaped }}|{{ ('a' | safe) | lower is escaped }}|{{ ('a' | safe) | capitalize is escaped }}|{{ ('a' | safe) | title is escaped }}|{{ (' a ' | safe) | trim is escaped }}|{{ ('a' | safe) | string is escaped }}|{{ ('a' | safe) | indent is escaped }}|{{ ('ab' | safe) | reverse is escaped }}|{{ ('a' | safe) | center is escaped }}|{{ ('a' | safe) | default('x') is escaped }}|{{ ('a' | safe) | tojson is escaped }}|{{ ('a b c d e f g h' | safe) | truncate(5) is escaped }}
{{ ('a' | safe) == 'a' }}|{{ ('a' | safe) in ['a'] }}|{{ 'a' in ('abc' | safe) }}|{{ ('a' | safe) in 'abc' }}|{{ {'a': 1}['a' | safe] }}|{{ ('a' | safe) < 'b' }}|{{ ('a' | safe) is string }}|{{ ('a' | safe) is sequence }}|{{ ['<' | safe] }}|{{ {'k': '<' | safe} }}|{{ ('<' | safe) | tojson }}|{{ ['<' | safe] | tojson }}|{{ ('ab' | safe) | length }}
{% macro m() %}<b>{% endmacro %}{{ m() is escaped }}{{ '<' + m() }}|{% set c %}<i>{% endset %}{{ c is escaped }}|{% set c | escape %}<i>{% endset %}{{ c }}{{ c is escaped }}|{% filter escape %}<i>{% endfilter %}
{{ l | safe }}|{{ 5 | safe }}|{{ none | safe }}|{{ nothing | safe }}|{{ (5 | safe) is string }}|{{ l | e }}|{{ d | e }}|{{ nothing | e is escaped }}
{{ (5 | safe) + 5 }}
{{ 'x' + (d | tojson | safe) }}|{{ '"' + (d | tojson | safe) + '"' }}|{{ '<tool>' ~ (d | tojson | safe) ~ '</tool>' }}|{{ (d | tojson) is escaped }}
{% set ns = namespace(t='<a>' | safe) %}{% set ns.t = ns.t + '<b>' %}{{ ns.t }}|{{ ('a' | safe) if t else 'b' }}|{{ ('' | safe) or '<' }}
{{ {'class': 'a<b', 'id': none, 'n': 3} | xmlattr }}|{{ {} | xmlattr }}|{{ {'a': 1} | xmlattr(false) }}|{{ {'a': '<' | safe} | xmlattr }}
{{ {'a b': 1} | xmlattr }}
{{ 'a b/c?ü&' | urlencode }}|{{ {'a b': 'c/d', 'e': 1} | urlencode }}|{{ [('x', 'y z')] | urlencode }}|{{ 5 | urlencode }}
{{ 1 | filesizeformat }}|{{ 0 | filesizeformat }}|{{ 999 | filesizeformat }}|{{ 13000 | filesizeformat }}|{{ 4100000 | filesizeformat }}|{{ 4100000 | filesizeformat(true) }}|{{ '1500' | filesizeformat }}|{{ 1e30 | filesizeformat }}
""",
"large": r"""
{{ big }}|{{ low }}|{{ -big }}|{{ -low }}|{{ +big }}|{{ 123456789012345678901234567890 }}|{{ -9223372036854775808 }}|{{ 9223372036854775808 }}|{{ [big, {'k': low}] }}|{{ {big: 1} }}
{{ big | tojson }}|{{ [low] | tojson }}|{{ {'a': big} | tojson(indent=2) }}|{{ {big: 1} | tojson }}|{{ big | string }}|{{ big ~ '' }}|{{ '%d' % big }}|{{ '%s' % big }}|{{ '{}'.format(big) }}|{{ '{:,}'.format(big) }}|{{ '%x' % 255 }}
{{ big == big }}|{{ big == 1 }}|{{ big != low }}|{{ big == 123456789012345678901234567890 }}|{{ big > 1 }}|{{ low < big }}|{{ low < 0 }}|{{ 1 < big }}|{{ big >= big }}|{{ big > 1.5 }}|{{ big < 1e300 }}|{{ 100000000000000000000 == 1e20 }}|{{ [big, 1, low] | sort }}|{{ [big, low] | max }}
{{ big is integer }}|{{ big is number }}|{{ big is float }}|{{ big is string }}|{{ big is boolean }}|{{ 'y' if big else 'n' }}|{{ big is iterable }}|{{ big in [1, big] }}|{{ {big: 'v'}[big] }}|{{ {100000000000000000000: 'v'}[1e20] }}
{{ big | int }}|{{ big | float }}|{{ low | abs }}|{{ '123456789012345678901' | int }}|{{ 1e20 | int }}|{{ big | round }}|{{ big / 2 }}|{{ big + 0.5 }}|{{ big | default('z') }}|{{ '0000000000000000000000012' | int }}
{{ l[big:] }}{{ l[low:] }}{{ l[:big] }}{{ s[:low] }}|{{ l[big] is defined }}|{{ (1e300 | int | string) | length }}
""",
"format": r"""
{{ '%5d|%-5d|%05d|%+d|% d|%x|%X|%o|%#x|%c|%i' % (42, 42, 42, 42, 42, 255, 255, 8, 255, 'a', 3.9) }}|{{ '%c' % 65 }}|{{ '%.3d' % 5 }}
{{ '%.2f|%8.3f|%-8.1f|%08.2f|%+.1f|%e|%.3e|%E|%g|%g|%g|%G|%f' % (3.14159, 3.14159, 2.5, -2.5, 1, 12345.678, 12345.678, 0.00012, 100000.0, 1e10, 0.0001, 1e-10, 2) }}
{{ '%10s|%-10s|%.2s|%5.1s|%r|%s|%s' % ('ab', 'ab', 'abc', 'xyz', 'q', none, [1]) }}|{{ '%*d' % (5, 42) }}|{{ '%-*d|' % (5, 42) }}|{{ '%.*f' % (1, 2.55) }}
{{ '%(a)s %(b)05.1f %(a)r' % {'a': 'x', 'b': 2.25} }}|{{ 'no' % {} }}|{{ '%s' % {'a': 1} }}|{{ 'a' % [] }}|{{ '%d%%' % 50 }}|{{ '%s %s' % ('a', 'b') }}|{{ '%s' | format('x') }}|{{ '%(n)s' | format(n=4) }}
{{ '%d' % 'a' }}
{{ '%d' % none }}
{{ '%s %s' % 'a' }}
{{ '%s' % ('a', 'b') }}
{{ '%z' % 1 }}
{{ 'a' % 1 }}
{{ '%' % 1 }}
{{ '%(a)s' % 1 }}
{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:5}|{:05}|{:05.1f}|{:+}|{: }|{:=+6}'.format('a', 'b', 'c', 'd', 'e', 42, 3.14159, 3, 4, 5) }}
{{ '{:.2f}|{:8.3f}|{:e}|{:g}|{:%}|{:.1%}|{:,}|{:_}|{:,.2f}|{:n}'.format(3.14159, 2.5, 12345.678, 0.0001, 0.5, 0.255, 1234567, 1234567, 1234567.891, 7) }}
{{ '{:b}|{:o}|{:x}|{:X}|{:#x}|{:#b}|{:c}|{:d}|{:08b}|{:_b}'.format(5, 8, 255, 255, 255, 5, 97, 12, 5, 1023) }}|{{ '{:.3}|{:10.3}|{:s}'.format('abcdef', 'abcdef', 'x') }}
{{ '{0} {1} {0}|{a} {b.c}|'.format(1, 2, a=3, b={'c': 4}) }}{{ '{0[x]} {0[y]} {1[0]}'.format({'x': 1, 'y': 2}, [7]) }}|{{ '{a[b][c]}'.format(a={'b': {'c': 5}}) }}|{{ '{!r} {!s} {!r:>5}'.format('a', 'b', 'c') }}|{{ '{:{}}|{:{w}}'.format('a', 4, 'b', w=3) }}|{{ '{{}} {{{}}}'.format(1) }}
{{ '{}'.format(none) }}|{{ '{}'.format(l) }}|{{ '{}'.format(true) }}|{{ '{:>6}'.format(true) }}|{{ '{:d}'.format(true) }}|{{ '{}'.format(nothing) }}|{{ '{:.3}|{:.3}|{}|{:.10}'.format(1234567.0, 3.0, 1e100, 0.1) }}|{{ '{x}'.format_map({'x': 1}) }}
{{ '{:>5}'.format(none) }}
{{ '{:d}'.format('a') }}
{{ '{:s}'.format(1) }}
{{ '{:q}'.format(1) }}
{{ '{} {}'.format(1) }}
{{ '{'.format(1) }}
{{ '}'.format(1) }}
{{ '{a}'.format(1) }}
{{ '{a}'.format_map({}) }}
{{ '{:.2d}'.format(1) }}
""",
"strings": r"""
{{ 'ab'.center(7) }}|{{ 'abc'.center(6, '*') }}|{{ 'ab'.center(5, '*') }}|{{ 'abc'.center(2) }}|{{ 'ab' | center(6) }}|{{ 'a\tbc\td'.expandtabs() }}|{{ 'a\tb'.expandtabs(4) }}|{{ 'a\nb\tc'.expandtabs(3) }}
{{ '12'.isdecimal() }}{{ '½'.isdecimal() }}{{ '½'.isnumeric() }}{{ '²'.isdigit() }}{{ 'Hello World'.istitle() }}{{ 'Hello world'.istitle() }}{{ "They'Re".istitle() }}{{ 'é'.isascii() }}{{ ''.isascii() }}{{ 'a_1'.isidentifier() }}{{ '1a'.isidentifier() }}{{ 'a\n'.isprintable() }}{{ 'a b'.isprintable() }}{{ ''.isprintable() }}
{{ 'banana'.rindex('an') }}|{{ 'Straße'.casefold() }}|{{ 'x'.zfill(4) }}|{{ '+1'.zfill(4) }}|{{ 'é'.zfill(3) }}
{{ 'banana'.rindex('z') }}
{{ 'hello'[::-1] }}|{{ 'hello'[::2] }}|{{ 'hello'[-3:-1] }}|{{ 'hello'[4:1:-1] }}|{{ 'hello'[none:2] }}|{{ l[:0] }}|{{ (1, 2, 3)[::-1] }}|{{ [1, 2, 3].index(2) }}|{{ [1, 2, 1].index(1, 1) }}|{{ (1, 2).count(1) }}|{{ [1].copy() }}
{{ n[1:] }}
{{ d[1:] }}
{{ nothing[1:] }}
{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 // -2 }}|{{ 1.0 // 0.1 }}|{{ -7.5 // 2 }}|{{ 7 % -3 }}|{{ -7 % 3 }}|{{ -7.5 % 2 }}|{{ 7.5 % -2 }}|{{ 6.0 % 3 }}|{{ -6.0 % 3 }}|{{ 6.0 % -3 }}|{{ 2 ** 0.5 }}|{{ 2 ** -2 }}|{{ 7 / 2 }}|{{ 6 / 2 }}|{{ -0.0 }}|{{ 0 * -1.0 }}|{{ true + true }}|{{ 3 * false }}
{{ 0 ** -1 }}
{{ 2.5 | round }}|{{ 3.5 | round }}|{{ -2.5 | round }}|{{ 2.675 | round(2) }}|{{ 1.005 | round(2) }}|{{ 42.55 | round(1, 'floor') }}|{{ 42.51 | round(1, 'ceil') }}|{{ 42 | round(1, 'floor') }}|{{ 7 | round }}|{{ 7.0 | round | int }}|{{ true | round }}|{{ 1234.5 | round(-2, 'floor') }}
{{ '0x1F' | int(0, 16) }}|{{ '0x1F' | int(0, 0) }}|{{ '0b11' | int(0, 2) }}|{{ 'z' | int(-1, 36) }}|{{ '١٢' | int }}|{{ '1__0' | int }}|{{ '+5' | int }}|{{ '- 5' | int }}|{{ '1e3' | int }}|{{ 'inf' | int(9) }}|{{ 'nan' | float }}|{{ '1_0.5' | float }}|{{ '0x10' | float }}|{{ true | int }}|{{ 1.9 | int }}|{{ [] | int(4) }}
{{ 1 < 2 < 3 > 2 }}|{{ 1 == 1 != 2 }}|{{ 'a' in 'abc' in ['abc'] }}|{{ 1 < 2 == 2 }}|{{ not 1 in [2] }}|{{ 1 not in [2] not in [[3]] }}|{{ (1, 2) < (1, 3) }}|{{ 'a' 'b' == 'ab' }}|{{ [1] * 2 + [3] }}|{{ (1,) * 3 }}
{{ nothing < 1 }}
{{ nothing ~ 'a' ~ none }}|{{ nothing == nothing }}|{{ nothing == none }}|{{ nothing in [1] }}|{{ 1 in nothing }}|{{ nothing is sameas nothing }}|{{ 1 is sameas 1 }}|{{ 1 is sameas true }}|{{ none is sameas none }}|{{ 1 is sameas 1.0 }}
{{ 1 in none }}
{{ -nothing }}
{{ d.nothing.more }}
{{ d.b.c is defined }}|{{ none.a is defined }}|{{ (5).real is defined }}|{{ x.y.z is defined }}
{{ s.nosuch() }}
{{ s._private is defined }}|{{ s.__class__ is defined }}|{{ d.__len__ is defined }}
""",
"statements": r"""
{% for i in tree recursive %}{{ i.v }}@{{ loop.depth }}{{ loop.depth0 }}{% if i.c %}({{ loop(i.c) }}){% endif %}{% endfor %}
{% for i in tree recursive %}{{ loop.index }}/{{ loop.length }}{{ loop(i.c) }}{% else %}-{% endfor %}
{% for i in tree if i.v > 0 recursive %}{{ i.v }}{{ loop(i.c) | upper }}{% endfor %}
{% for i in l %}{{ loop([1]) }}{% endfor %}
{% for i in [1] recursive %}{% for j in [2] %}{{ loop.depth }}{% endfor %}{% endfor %}
{% print x %}|{% print x, y, 'a' %}|{% print %}
{% do l.append(1) %}
{% include 'a' %}
{% import 'a' as b %}
{% from 'a' import b %}
{% extends 'a' %}
{% trans %}a{% endtrans %}
{% debug %}
{% set loop = 5 %}{% for i in [1] %}{{ loop.index }}{% endfor %}{{ loop }}
{% for x in l %}{{ x }}{% endfor %}{{ x }}|{% for x in [] %}{% else %}{{ x }}{% endfor %}|{% with x = 9 %}{{ x }}{% endwith %}{{ x }}|{% for i in [1] %}{% set x = 7 %}{{ x }}{% endfor %}{{ x }}
{% if t %}{% set q = 1 %}{% for i in [1] %}{% if t %}{% set q = 2 %}{{ q }}{% endif %}{% endfor %}{% endif %}{{ q }}
{% generation %}{% set q = 1 %}{{ q }}{{ x }}{% endgeneration %}{{ q }}|{% for i in l %}{% generation %}{{ i }}{{ loop.index }}{% endgeneration %}{% endfor %}
{% macro m() %}{{ late }}{% endmacro %}{% set late = 'set' %}{{ m() }}
{% set ns = namespace(a=1, b=[]) %}{% set ns.a = ns.a + 1 %}{% set ns.c %}cap{% endset %}{{ ns.a }}{{ ns.c }}{{ ns.b }}{{ ns.zip is defined }}{{ ns['a'] }}
{% set ns = namespace() %}{% for i in l %}{% set ns.last = i %}{% endfor %}{{ ns.last }}|{% set a, ns.b = 1, 2 %}{{ a }}{{ ns.b }}|{% set (a, b), c = (1, 2), 3 %}{{ a }}{{ b }}{{ c }}
{% set a = b = 1 %}
{% for i in l %}{{ loop.previtem is defined }}{{ loop.previtem }}{{ loop.nextitem | default('-') }}{{ loop.first }}{{ loop.last }};{% endfor %}
{% for i in l if i != 1 %}{{ loop.index }}{{ loop.previtem }}{{ loop.last }}{% endfor %}|{% for k, v in d.items() %}{{ k }}{% if not loop.last %},{% endif %}{% endfor %}|{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for i in range(3) %}{% for j in range(2) %}{{ i }}{{ j }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}|{% for i in l %}{% if loop.index is even %}{% continue %}{% endif %}{{ i }}{% else %}none{% endfor %}
{% for m in people %}{% macro f() %}{{ m.name }}{% endmacro %}{{ f() }}{% endfor %}
{{ loop is defined }}|{% for i in [1] %}{{ loop is defined }}{{ loop is callable }}{{ loop is iterable }}{% endfor %}|{{ range is callable }}{{ dict is callable }}
{% set v = 1 %}{% set v %}{{ v }}!{% endset %}{{ v }}|{% set z | replace('a', 'b') | upper %}aa{% endset %}{{ z }}
{{ x if t }}|{{ x if not t }}|{{ (x if not t) is defined }}|{{ 'a' if n else 'b' if e else 'c' }}
{%- for i in l -%} {{ i }} {%- endfor %}|{{- ' a ' -}}|{%+ if t %} b {%+ endif %}|{# c #}|{%- raw %} {{ x }} {% endraw -%}|
{{ (range(3) | list) + [1] }}|{{ l | sort | first }}|{{ (l | sort)[0] }}|{{ d.items() | list | first | last }}|{{ 'a' 'b' | upper }}|{{ {'a': 1}.a }}|{{ [[1, 2], [3]] | sum(start=[]) }}|{{ [1, 2] | map('string') | join('+') }}
{{ people | map(attribute='name') | map('upper') | select('ne', 'BOB') | list }}|{{ people | selectattr('age', 'gt', 5) | map(attribute='name') | first }}|{{ [1, 2, 3, 4] | reject('odd') | sum }}|{{ people | rejectattr('age', 'in', [3]) | list | length }}|{{ l | select('>', 1) | list }}
{{ x | nosuch }}
{{ x is nosuch }}
{% if false %}{{ x | fromjson }}{% endif %}ok
""",
}

def main():
    snippets = []
    for group, text in GROUPS.items():
        lines = text.strip("\n").split("\n")
        # A line that begins with a blank or a dash tag goes on from the one before it.
        joined = []
        for line in lines:
            if joined and (line.startswith((" ", "{%- endcall"))): joined[-1] += "\n" + line
            else: joined.append(line)
        for template in joined:
            case = {"group": group, "template": template}
            try: case["expected"] = render_jinja_template([[]], chat_template=template, **VARIABLES)[0][0]
            except Exception as error: print(group, repr(template), "fails:", error, file=sys.stderr)
            snippets.append(case)
    json.dump({"variables": VARIABLES, "snippets": snippets}, sys.stdout, ensure_ascii=False, indent=0)

main()
