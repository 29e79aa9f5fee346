import Data
import LoRA
import Tensor
extension Tokenizer { var endIDs: Set<Int32> { Set([eosID].compactMap { $0 }) }
  init(gguf: GGUFMetadata) throws { fatalError() } }
extension Base { func adapter(_ path: String, isForced: Bool) throws -> AdapterState {
  do { return try AdapterState(try TensorFile.read(path), for: try model(reading: .bfloat16)) } catch let e as LoRAError { throw CommandError.failure("\(path): \(e)") } } }
