extension BuiltInTemplate {
    /// The format of Llama 3: a turn is its role between header tokens, an empty line, the text without white space around
    /// it, and `<|eot_id|>`. Tools are those of Llama 3.1: described in the system turn, called one a turn and without
    /// other text, and answered in the role `ipython`.
    static let llama3Source = #"""
        {{- bos_token if bos_token is defined }}
        {%- set start = 1 if messages and messages[0].role == 'system' else 0 %}
        {%- if tools or start %}
            {{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
            {%- if start %}
                {{- (messages[0].content or '') | trim }}
            {%- endif %}
            {%- if tools %}
                {{- '\n\n' if start else '' }}
                {{- 'Environment: ipython\n\nYou can call these functions:' }}
                {%- for tool in tools %}
                    {{- '\n\n' + tool | tojson }}
                {%- endfor %}
                {{- '\n\nTo call one, answer with {"name": <name>, "parameters": <arguments>} and nothing else.' }}
            {%- endif %}
            {{- '<|eot_id|>' }}
        {%- endif %}
        {%- for message in messages[start:] %}
            {%- set content = (message.content or '') | trim %}
            {%- if message.role == 'tool' or message.role == 'ipython' %}
                {{- '<|start_header_id|>ipython<|end_header_id|>\n\n' + content + '<|eot_id|>' }}
            {%- elif message.tool_calls %}
                {%- if message.role != 'assistant' %}
                    {{- raise_exception("llama-3 has tool calls of the assistant only, not of the role '" + message.role + "'") }}
                {%- endif %}
                {%- if message.tool_calls | length > 1 %}
                    {{- raise_exception("llama-3 has one tool call a turn, not " + message.tool_calls | length | string) }}
                {%- endif %}
                {%- if content %}
                    {{- raise_exception("llama-3 has no text beside a tool call") }}
                {%- endif %}
                {%- set call = message.tool_calls[0].function or message.tool_calls[0] %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": ' + call.name | tojson + ', "parameters": ' }}
                {{- call.arguments if call.arguments is string else call.arguments | tojson }}
                {{- '}<|eot_id|>' }}
            {%- elif message.role in ['system', 'user', 'assistant'] %}
                {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + content + '<|eot_id|>' }}
            {%- else %}
                {{- raise_exception("llama-3 has no role '" + message.role + "': only system, user, assistant and tool") }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
        {%- endif %}
        """#
}
