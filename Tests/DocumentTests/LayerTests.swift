import Foundation
import TestSupport
import Testing

/// The order of the layers, which `Docs/Architecture.md` draws: whoever stands higher may import whoever stands lower.
@Suite("Imports go downwards")
struct LayerTests {
    /// From the bottom to the top. `Data` stands beside `Model`: it knows the tensors alone, and is known above the adapters.
    private static let order = ["Tensor", "Model", "LoRA", "Training", "Report", "lora-train"]
    /// Modules of C, and who may import them.
    private static let cModules: [String: Set<String>] = [
        "CKernels": ["Tensor", "Training"], "COpenBLAS": ["Tensor"], "COneDNN": ["Tensor"], "COniguruma": ["Data"],
        "CZlib": ["Tensor", "Report"],
        "CMPI": ["Training"], "CProcess": ["lora-train"],
    ]
    /// What the toolchain brings.
    private static let system: Set<String> = ["Foundation", "Synchronization"]

    private static var libraries: [String] { order.dropLast() + ["Data"] }

    /// Whether a module of `Sources` may import another.
    private static func mayImport(_ module: String, _ other: String) -> Bool {
        if system.contains(other) { return true }
        if let users = cModules[other] { return users.contains(module) }
        if module == "LoRATrain" { return libraries.contains(other) }
        if module == "Data" { return other == "Tensor" }
        guard let place = order.firstIndex(of: module) else { return false }
        if other == "Data" { return place > 2 }
        return order[..<place].contains(other)
    }

    /// The modules that a source imports.
    private static func imports(_ text: String) -> [String] {
        // A program of another language, in a string, imports too.
        text.replacing(/(?s)"""\n.*?"""/, with: "").split(separator: "\n").filter { $0.contains("import ") }.compactMap { line in
            line.wholeMatch(
                of:
                    /\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)(?:\.[\w.]+)?\s*(?:\/\/.*)?/
            )
            .map { String($0.1) }
        }
    }

    /// Every import of `Sources`, with the module and the file that it stands in.
    private static func allImports() throws -> [(module: String, file: String, other: String)] {
        try PackageTree.files.filter { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") }.flatMap { file in
            let module = String(file.split(separator: "/")[1])
            return try imports(PackageTree.text(file)).map { (module, file, $0) }
        }
    }

    @Test("No file imports what stands above it")
    func sources() throws {
        let all = try Self.allImports()
        #expect(Set(all.map(\.module)).isSuperset(of: Self.order.filter { $0 != "Report" } + ["Data", "LoRATrain"]))
        for (module, file, other) in all {
            #expect(Self.mayImport(module, other), "\(file) of \(module) imports \(other)")
        }
        let umbrella = Set(all.filter { $0.module == "LoRATrain" }.map(\.other))
        #expect(umbrella == Set(Self.libraries), "LoRATrain gives out every library")
    }

    @Test("Package.swift has the same order, and all that is imported")
    func package() throws {
        let targets = PackageTargets(try PackageTree.text("Package.swift"))
        let imports = try Self.allImports()
        for module in Self.order + ["Data", "LoRATrain"] {
            let dependencies = try #require(targets.dependencies[module], "Package.swift has no target '\(module)'")
            for dependency in dependencies {
                #expect(Self.mayImport(module, dependency), "\(module) depends on \(dependency) in Package.swift")
            }
            let imported = Set(imports.filter { $0.module == module }.map(\.other)).subtracting(Self.system)
            #expect(
                imported.isSubset(of: dependencies),
                "\(module) imports \(imported.subtracting(dependencies)), which Package.swift does not say")
        }
        for module in Self.cModules.keys { #expect(targets.dependencies[module] == [], "\(module) depends on nothing") }
    }

    @Test("What goes upwards is found")
    func finder() {
        #expect(!Self.mayImport("Model", "Training") && !Self.mayImport("Model", "Data") && !Self.mayImport("Data", "Model"))
        #expect(!Self.mayImport("Tensor", "LoRATrain") && !Self.mayImport("Model", "CKernels") && !Self.mayImport("Training", "Alamofire"))
        #expect(
            Self.imports(
                "@testable import A\n    import B // why\nimport struct C.D\nprivate import E\n// import F\nlet import1 = 2\nlet p = \"\"\"\nimport os\n\"\"\""
            ) == [
                "A", "B", "C", "E",
            ])
        let targets = PackageTargets(
            """
            .systemLibrary(name: "S", path: "x"),
            .target(
                name: "A", dependencies: ["B", .target(name: "S", condition: .when(traits: ["T"]))], exclude: ["y"]),
            .executableTarget(name: "B"),
            """)
        #expect(targets.dependencies == ["S": [], "A": ["B", "S"], "B": []])
    }
}

/// The targets that a manifest declares, and what each depends on.
struct PackageTargets {
    private(set) var dependencies: [String: Set<String>] = [:]

    init(_ manifest: String) {
        for declaration in manifest.matches(of: /\.(?:target|executableTarget|testTarget|systemLibrary)\(\s*name: "([^"]+)"/) {
            let rest = manifest[declaration.range.upperBound...]
            let arguments = Self.enclosed(rest, depth: 1)
            let name = String(declaration.1)
            // A dependency looks like a target: it has no more than a name and a condition.
            guard dependencies[name] == nil, !arguments.hasPrefix(", condition:") else { continue }
            guard let start = arguments.firstRange(of: "dependencies: [") else {
                dependencies[name] = []
                continue
            }
            let list = Self.enclosed(arguments[start.upperBound...], depth: 1)
            let plain = list.replacing(/condition: \.when\([^)]*\)/, with: "")
            dependencies[name] = Set(plain.matches(of: /"([^"]+)"/).map { String($0.1) })
        }
    }

    /// What stands before the bracket that closes the depth.
    private static func enclosed(_ text: Substring, depth: Int) -> Substring {
        var depth = depth
        return text.prefix { character in
            if "([".contains(character) { depth += 1 }
            if ")]".contains(character) { depth -= 1 }
            return depth > 0
        }
    }
}
