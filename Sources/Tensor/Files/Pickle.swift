import Foundation

/// What a pickle of weights can hold.
///
/// A container is a place in ``PickleReader/containers``. Were it to own its elements, a file that
/// nests a million of them would exhaust the stack when they are released, and one that holds
/// itself never would be.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case bytes
    case tuple(Int)
    case list(Int)
    /// Keys and values by turns.
    case dictionary(Int)
    /// A name that stands for a class or a function; nothing is ever loaded or called by it.
    case global(String)
    case storage(PickleStorage)
    case tensor(StoredTensor)
    /// An object of no interest, built by an allowed name.
    case opaque
}

/// A storage that a persistent id names.
struct PickleStorage {
    let bytes: StoredTensor.SharedBytes
    /// `nil` of bytes whose type each tensor says.
    let elementType: ElementType?
}

/// Interprets the opcodes of pickle protocols 2 to 5 that `torch.save` uses. It is a machine that
/// only builds values: the few names that may be "called" are functions of this reader, and any
/// other name is an error before anything happens.
struct PickleReader {
    private static let maximumSteps = 50_000_000
    private static let maximumMemo = 5_000_000

    private var cursor: ByteCursor
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// The elements of every tuple, list and dictionary.
    private(set) var containers: [[PickleValue]] = []
    /// Supplies the storage of a persistent id's key and type.
    private let storage: (_ key: String, _ type: ElementType) throws(TensorFileError) -> StoredTensor.SharedBytes
    /// Whether tensors are made of their storages, and not passed over.
    private let buildsTensors: Bool

    /// - Parameter offset: where the pickle begins
    init(
        _ bytes: Foundation.Data, at offset: Int = 0, buildsTensors: Bool = true,
        storage: @escaping (_ key: String, _ type: ElementType) throws(TensorFileError) -> StoredTensor.SharedBytes
    ) {
        cursor = ByteCursor(bytes, at: offset)
        self.storage = storage
        self.buildsTensors = buildsTensors
    }

    /// Where the next byte lies.
    var offset: Int { cursor.offset }

    /// The value that the pickle builds.
    mutating func value() throws(TensorFileError) -> PickleValue {
        for _ in 0..<Self.maximumSteps {
            let opcode = try cursor.byte()
            if opcode == UInt8(ascii: ".") { return try pop() }
            try step(opcode)
        }
        throw malformed("the pickle does not end")
    }

    private func malformed(_ reason: String) -> TensorFileError { .malformed(offset: cursor.offset, reason) }

    private mutating func pop() throws(TensorFileError) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.popLast() else { throw malformed("the pickle's stack is empty") }
        return value
    }

    private mutating func popMark() throws(TensorFileError) -> [PickleValue] {
        guard let mark = marks.popLast(), mark <= stack.count else { throw malformed("the pickle has no mark") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    /// A new container's place.
    private mutating func contain(_ elements: [PickleValue]) -> Int {
        containers.append(elements)
        return containers.count - 1
    }

    private mutating func step(_ opcode: UInt8) throws(TensorFileError) {
        switch opcode {
        case 0x80: _ = try cursor.byte()  // PROTO
        case 0x95: _ = try cursor.length()  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popMark()
        case UInt8(ascii: "2"):
            let top = try pop()
            stack += [top, top]
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try cursor.byte())))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try cursor.integer(UInt16.self))))
        case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(bitPattern: try cursor.integer(UInt32.self)))))
        case 0x8A: try pushLong(Int(try cursor.byte()))
        case 0x8B: try pushLong(Int(try cursor.integer(UInt32.self)))
        case UInt8(ascii: "G"): stack.append(.number(Double(bitPattern: try cursor.integer(UInt64.self).byteSwapped)))
        case UInt8(ascii: "X"): try pushString(Int(try cursor.integer(UInt32.self)))
        case 0x8C: try pushString(Int(try cursor.byte()))
        case 0x8D: try pushString(try cursor.length())
        case UInt8(ascii: "U"), UInt8(ascii: "C"): try pushBytes(Int(try cursor.byte()))
        case UInt8(ascii: "T"), UInt8(ascii: "B"): try pushBytes(Int(try cursor.integer(UInt32.self)))
        case 0x8E, 0x96: try pushBytes(try cursor.length())
        case UInt8(ascii: ")"): stack.append(.tuple(contain([])))
        case 0x85: try pushTuple(1)
        case 0x86: try pushTuple(2)
        case 0x87: try pushTuple(3)
        case UInt8(ascii: "t"): stack.append(.tuple(contain(try popMark())))
        case UInt8(ascii: "]"): stack.append(.list(contain([])))
        case UInt8(ascii: "l"): stack.append(.list(contain(try popMark())))
        case UInt8(ascii: "a"):
            let element = try pop()
            containers[try topList()].append(element)
        case UInt8(ascii: "e"):
            let elements = try popMark()
            containers[try topList()] += elements
        case UInt8(ascii: "}"): stack.append(.dictionary(contain([])))
        case UInt8(ascii: "s"):
            let value = try pop()
            let key = try pop()
            containers[try topDictionary()] += [key, value]
        case UInt8(ascii: "u"):
            let items = try popMark()
            guard items.count % 2 == 0 else { throw malformed("a key without a value") }
            containers[try topDictionary()] += items
        case UInt8(ascii: "q"): try remember(Int(try cursor.byte()))
        case UInt8(ascii: "r"): try remember(Int(try cursor.integer(UInt32.self)))
        case 0x94: try remember(memo.count)
        case UInt8(ascii: "h"): try recall(Int(try cursor.byte()))
        case UInt8(ascii: "j"): try recall(Int(try cursor.integer(UInt32.self)))
        case UInt8(ascii: "c"): stack.append(.global(try allowed("\(try cursor.line()).\(try cursor.line())")))
        case 0x93:
            guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
                throw malformed("a global without a name")
            }
            stack.append(.global(try allowed("\(module).\(name)")))
        case UInt8(ascii: "Q"): try pushPersistent()
        case UInt8(ascii: "R"):
            let arguments = try pop()
            let function = try pop()
            stack.append(try call(function, arguments))
        case 0x81:
            let arguments = try pop()
            let function = try pop()
            stack.append(try call(function, arguments))
        case UInt8(ascii: "b"): _ = try pop()  // BUILD: attributes of an object, of no interest
        default: throw malformed("opcode 0x\(String(opcode, radix: 16)) has no place in a file of weights")
        }
    }

    private mutating func pushLong(_ size: Int) throws(TensorFileError) {
        let bytes = try cursor.take(size)
        // No place or size of a tensor is longer than that; a random seed may be.
        guard size <= 8 else { return stack.append(.opaque) }
        let isNegative = bytes.last.map { $0 >= 0x80 } ?? false
        stack.append(.integer(bytes.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) }))
    }

    private mutating func pushString(_ length: Int) throws(TensorFileError) {
        guard length <= 1 << 20 else { throw malformed("a string of \(length) bytes") }
        stack.append(.string(String(decoding: try cursor.take(length), as: UTF8.self)))
    }

    private mutating func pushBytes(_ length: Int) throws(TensorFileError) {
        _ = try cursor.take(length)
        stack.append(.bytes)
    }

    private mutating func pushTuple(_ count: Int) throws(TensorFileError) {
        var elements: [PickleValue] = []
        for _ in 0..<count { elements.append(try pop()) }
        stack.append(.tuple(contain(elements.reversed())))
    }

    private func topList() throws(TensorFileError) -> Int {
        guard case .list(let list)? = stack.last else { throw malformed("no list to append to") }
        return list
    }

    private func topDictionary() throws(TensorFileError) -> Int {
        guard case .dictionary(let dictionary)? = stack.last else { throw malformed("no dictionary to add to") }
        return dictionary
    }

    private mutating func remember(_ key: Int) throws(TensorFileError) {
        guard let top = stack.last, memo.count < Self.maximumMemo else { throw malformed("nothing to remember") }
        memo[key] = top
    }

    private mutating func recall(_ key: Int) throws(TensorFileError) {
        guard let value = memo[key] else { throw malformed("nothing remembered under \(key)") }
        stack.append(value)
    }

    /// Names that weights are made of; every other one is refused where it is named.
    private func allowed(_ name: String) throws(TensorFileError) -> String {
        let names: Set<String> = [
            "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
            "torch._utils._rebuild_parameter",
            "torch.storage.UntypedStorage", "torch.storage.TypedStorage", "torch.device", "torch.Size",
        ]
        guard names.contains(name) || PickleTypes.elementType(ofStorage: name) != nil || PickleTypes.isType(name) else {
            throw .forbidden(name)
        }
        return name
    }

    /// A persistent id: ("storage", class, key, device, count).
    private mutating func pushPersistent() throws(TensorFileError) {
        guard case .tuple(let place) = try pop(), case let parts = containers[place], parts.count >= 3,
            case .string("storage") = parts[0], case .global(let name) = parts[1], case .string(let key) = parts[2]
        else { throw malformed("a persistent id that names no storage") }
        if parts.count > 5 {
            guard case .none = parts[5] else {
                throw .unsupported(
                    "a storage in a part of another one, as before PyTorch 0.4, is not supported; save it again with torch.save")
            }
        }
        let type = PickleTypes.elementType(ofStorage: name)
        guard type != nil || name == "torch.storage.UntypedStorage" else {
            throw .unsupported("tensors in a \(name) are not supported; save them as float32, float16 or bfloat16")
        }
        stack.append(.storage(PickleStorage(bytes: try storage(key, type ?? .uint8), elementType: type)))
    }

    private mutating func call(_ function: PickleValue, _ arguments: PickleValue) throws(TensorFileError) -> PickleValue {
        guard case .global(let name) = function, case .tuple(let place) = arguments else {
            throw malformed("a call of something that is no function")
        }
        let arguments = containers[place]
        switch name {
        case "collections.OrderedDict":
            var items: [PickleValue] = []
            if case .list(let list)? = arguments.first {
                for case .tuple(let pair) in containers[list] where containers[pair].count == 2 { items += containers[pair] }
            }
            return .dictionary(contain(items))
        case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
            guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
                let shape = integers(arguments[2]), let strides = integers(arguments[3])
            else { throw malformed("a tensor without storage, shape and strides") }
            let type = name.hasSuffix("v3") ? try elementType(at: 6, of: arguments) : storage.elementType
            guard let type else { throw malformed("a tensor without a type") }
            guard buildsTensors else { return .opaque }
            return .tensor(
                try StoredTensor(shape: shape, elementType: type, storage: storage.bytes, offset: offset, strides: strides))
        case "torch._utils._rebuild_parameter":
            guard buildsTensors else { return .opaque }
            guard case .tensor? = arguments.first else { throw malformed("a parameter that is no tensor") }
            return arguments[0]
        default: return .opaque
        }
    }

    /// The type that an argument names: PyTorch's newer types have no storages of their own.
    private func elementType(at place: Int, of arguments: [PickleValue]) throws(TensorFileError) -> ElementType? {
        guard arguments.indices.contains(place), case .global(let name) = arguments[place], PickleTypes.isType(name) else { return nil }
        guard let type = PickleTypes.elementType(name) else {
            throw .unsupported("tensors of \(name) are not supported; save them as float32, float16 or bfloat16")
        }
        return type
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let place) = value else { return nil }
        var integers: [Int] = []
        for element in containers[place] {
            guard case .integer(let integer) = element else { return nil }
            integers.append(integer)
        }
        return integers
    }
}
