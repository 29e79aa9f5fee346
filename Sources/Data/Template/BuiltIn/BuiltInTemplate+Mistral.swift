extension BuiltInTemplate {
    /// The format of Mistral 7B Instruct v0.3: a user's text between `[INST]` and `[/INST]`, and answers that end with the
    /// eos token. A system message stands before the first user's text.
    ///
    /// Tools stand before the first user's turn as well. Mistral's own code puts them before the last one, for inference;
    /// in training every answer needs them before it.
    static let mistralSource = #"""
        {{- bos_token if bos_token is defined }}
        {%- set eos = eos_token if eos_token is defined else '' %}
        {%- set start = 1 if messages and messages[0].role == 'system' else 0 %}
        {%- set ns = namespace(users=0, expected='user') %}
        {%- for message in messages[start:] %}
            {%- set content = message.content or '' %}
            {%- if message.tool_calls and message.role != 'assistant' %}
                {{- raise_exception("mistral has tool calls of the assistant only, not of the role '" + message.role + "'") }}
            {%- endif %}
            {%- if message.role == 'user' %}
                {%- if ns.expected != 'user' %}
                    {{- raise_exception("mistral has user and assistant in turn, and here a user where the assistant should be") }}
                {%- endif %}
                {%- set ns.expected = 'assistant' %}
                {%- if ns.users == 0 and tools %}
                    {{- '[AVAILABLE_TOOLS] ' + tools | tojson + '[/AVAILABLE_TOOLS]' }}
                {%- endif %}
                {{- '[INST] ' }}
                {%- if ns.users == 0 and start %}
                    {{- (messages[0].content or '') + '\n\n' }}
                {%- endif %}
                {%- set ns.users = ns.users + 1 %}
                {{- content + '[/INST]' }}
            {%- elif message.role == 'assistant' %}
                {%- if ns.expected != 'assistant' %}
                    {{- raise_exception("mistral has user and assistant in turn, and here an assistant where a user should be") }}
                {%- endif %}
                {%- if message.tool_calls %}
                    {%- if content %}
                        {{- raise_exception("mistral has no text beside tool calls") }}
                    {%- endif %}
                    {{- '[TOOL_CALLS] [' }}
                    {%- for tool_call in message.tool_calls %}
                        {%- set call = tool_call.function or tool_call %}
                        {{- ', ' if not loop.first else '' }}
                        {{- '{"name": ' + call.name | tojson + ', "arguments": ' }}
                        {{- call.arguments if call.arguments is string else call.arguments | tojson }}
                        {{- ', "id": ' + tool_call.id | tojson if tool_call.id else '' }}
                        {{- '}' }}
                    {%- endfor %}
                    {{- ']' + eos }}
                {%- else %}
                    {%- set ns.expected = 'user' %}
                    {{- ' ' + content | trim + eos }}
                {%- endif %}
            {%- elif message.role == 'tool' %}
                {{- '[TOOL_RESULTS] {"content": ' + content | tojson }}
                {{- ', "call_id": ' + message.tool_call_id | tojson if message.tool_call_id else '' }}
                {{- '}[/TOOL_RESULTS]' }}
            {%- elif message.role == 'system' %}
                {{- raise_exception("mistral has a system message at the start only") }}
            {%- else %}
                {{- raise_exception("mistral has no role '" + message.role + "': only system, user, assistant and tool") }}
            {%- endif %}
        {%- endfor %}
        {%- if start and ns.users == 0 %}
            {{- raise_exception("mistral writes a system message into a user's turn, and there is no user") }}
        {%- endif %}
        """#
}
