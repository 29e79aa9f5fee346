extension BuiltInTemplate {
    /// The format of Stanford Alpaca: a preamble, `### Instruction:` and `### Response:`. A system message takes the place
    /// of the preamble. Further turns repeat the two headings. The eos token ends each answer, for no other token does.
    /// There are no tools.
    static let alpacaSource = #"""
        {%- if tools %}
            {{- raise_exception("alpaca has no tools") }}
        {%- endif %}
        {%- set start = 1 if messages and messages[0].role == 'system' else 0 %}
        {%- if start %}
            {{- messages[0].content or '' }}
        {%- else %}
            {{- 'Below is an instruction that describes a task. Write a response that appropriately completes the request.' }}
        {%- endif %}
        {%- for message in messages[start:] %}
            {%- if message.role == 'tool' or message.tool_calls %}
                {{- raise_exception("alpaca has no tools") }}
            {%- elif message.role == 'user' %}
                {{- '\n\n### Instruction:\n' + (message.content or '') }}
            {%- elif message.role == 'assistant' %}
                {{- '\n\n### Response:\n' + (message.content or '') }}
                {{- eos_token if eos_token is defined }}
            {%- elif message.role == 'system' %}
                {{- raise_exception("alpaca has a system message at the start only") }}
            {%- else %}
                {{- raise_exception("alpaca has no role '" + message.role + "': only system, user and assistant") }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '\n\n### Response:\n' }}
        {%- endif %}
        """#
}
