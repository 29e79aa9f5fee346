extension BuiltInTemplate {
    /// The format of Gemma 2 and 3: turns between `<start_of_turn>` and `<end_of_turn>`, the assistant's under the name
    /// `model`. There is no system turn; as in Gemma 3 a system message starts the first user's turn. There are no tools.
    static let gemmaSource = #"""
        {%- if tools %}
            {{- raise_exception("gemma has no tools") }}
        {%- endif %}
        {{- bos_token if bos_token is defined }}
        {%- set start = 1 if messages and messages[0].role == 'system' else 0 %}
        {%- if start and messages | length == 1 %}
            {{- raise_exception("gemma writes a system message into a user's turn, and there is no user") }}
        {%- endif %}
        {%- for message in messages[start:] %}
            {%- if message.role == 'tool' or message.tool_calls %}
                {{- raise_exception("gemma has no tools") }}
            {%- elif message.role == 'system' %}
                {{- raise_exception("gemma has a system message at the start only") }}
            {%- elif message.role != 'user' and message.role != 'assistant' %}
                {{- raise_exception("gemma has no role '" + message.role + "': only system, user and assistant") }}
            {%- elif (message.role == 'user') != (loop.index0 % 2 == 0) %}
                {{- raise_exception("gemma has user and assistant in turn, the user first") }}
            {%- endif %}
            {{- '<start_of_turn>' + ('model' if message.role == 'assistant' else 'user') + '\n' }}
            {%- if loop.first and start %}
                {{- (messages[0].content or '') | trim + '\n\n' }}
            {%- endif %}
            {{- (message.content or '') | trim + '<end_of_turn>\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<start_of_turn>model\n' }}
        {%- endif %}
        """#
}
