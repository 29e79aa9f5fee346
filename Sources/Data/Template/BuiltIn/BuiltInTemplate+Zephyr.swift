extension BuiltInTemplate {
    /// The format of Zephyr: `<|role|>` on a line of its own, the text, the eos token, a line break. There are no tools.
    static let zephyrSource = #"""
        {%- if tools %}
            {{- raise_exception("zephyr has no tools") }}
        {%- endif %}
        {%- set eos = eos_token if eos_token is defined else '' %}
        {%- for message in messages %}
            {%- if message.role == 'tool' or message.tool_calls %}
                {{- raise_exception("zephyr has no tools") }}
            {%- elif message.role not in ['system', 'user', 'assistant'] %}
                {{- raise_exception("zephyr has no role '" + message.role + "': only system, user and assistant") }}
            {%- endif %}
            {{- '<|' + message.role + '|>\n' + (message.content or '') + eos + '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|assistant|>\n' }}
        {%- endif %}
        """#
}
