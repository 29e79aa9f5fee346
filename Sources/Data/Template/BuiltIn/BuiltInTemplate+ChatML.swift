extension BuiltInTemplate {
    /// ChatML, as OpenAI published it: a turn is `<|im_start|>role`, a line break, the text, and `<|im_end|>`. Tools are
    /// written in the way of Hermes: their descriptions in the system turn, calls in `<tool_call>`, results in
    /// `<tool_response>` in a turn of the role `tool`.
    static let chatMLSource = #"""
        {%- set start = 1 if messages and messages[0].role == 'system' else 0 %}
        {%- if tools or start %}
            {{- '<|im_start|>system\n' }}
            {%- if start %}
                {{- messages[0].content or '' }}
            {%- endif %}
            {%- if tools %}
                {{- '\n\n' if start else '' }}
                {{- 'You can call functions. They are described between <tools> and </tools>, each by a JSON object:\n<tools>' }}
                {%- for tool in tools %}
                    {{- '\n' + tool | tojson }}
                {%- endfor %}
                {{- '\n</tools>\nTo call a function, write a JSON object with its name and its arguments:\n' }}
                {{- '<tool_call>\n{"name": <name>, "arguments": <arguments>}\n</tool_call>' }}
            {%- endif %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages[start:] %}
            {%- set content = message.content or '' %}
            {%- if message.tool_calls and message.role != 'assistant' %}
                {{- raise_exception("chatml has tool calls of the assistant only, not of the role '" + message.role + "'") }}
            {%- endif %}
            {%- if message.role == 'tool' %}
                {{- '<|im_start|>tool\n<tool_response>\n' + content + '\n</tool_response><|im_end|>\n' }}
            {%- elif message.role == 'assistant' %}
                {{- '<|im_start|>assistant\n' + content }}
                {%- for call in message.tool_calls or [] %}
                    {%- set call = call.function or call %}
                    {{- '\n' if content or not loop.first else '' }}
                    {{- '<tool_call>\n{"name": ' + call.name | tojson + ', "arguments": ' }}
                    {{- call.arguments if call.arguments is string else call.arguments | tojson }}
                    {{- '}\n</tool_call>' }}
                {%- endfor %}
                {{- '<|im_end|>\n' }}
            {%- elif message.role == 'user' or message.role == 'system' %}
                {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}
            {%- else %}
                {{- raise_exception("chatml has no role '" + message.role + "': only system, user, assistant and tool") }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """#
}
