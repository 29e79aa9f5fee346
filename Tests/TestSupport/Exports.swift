// Tests ask it as they ask what stands here; the fuzzer has it without the rest.
@_exported import SanitizerSupport
