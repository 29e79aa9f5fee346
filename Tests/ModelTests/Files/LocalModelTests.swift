import Foundation
import TestSupport
import Testing

@testable import Model

/// Models that are found by their names, in caches laid out as Hugging Face's tools and Ollama lay them out.
@Suite("Models by their names")
struct LocalModelTests {
    private let folder: String
    private let environment: [String: String]
    private let files = FileManager.default

    init() throws {
        folder = try Paths.temporaryFolder()
        environment = ["HF_HOME": folder + "/hf", "OLLAMA_MODELS": folder + "/ollama", "HOME": folder]
    }

    private func make(_ path: String, _ text: String = "x") throws {
        let path = "\(folder)/\(path)"
        try files.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// A snapshot of links to blobs, as `hf download` leaves it.
    private func makeSnapshot(_ repository: String, commit: String, branch: String? = "main", _ names: [String: String]) throws {
        let root = "hf/hub/models--\(repository.replacingOccurrences(of: "/", with: "--"))"
        if let branch { try make("\(root)/refs/\(branch)", commit) }
        for (name, content) in names {
            let blob = "blob-\(commit)-\(name)"
            try make("\(root)/blobs/\(blob)", content)
            let link = "\(folder)/\(root)/snapshots/\(commit)/\(name)"
            try files.createDirectory(atPath: (link as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: link, withDestinationPath: "../../blobs/\(blob)")
        }
    }

    private func path(_ word: String) throws -> String { try LocalModels.path(of: word, environment: environment) }

    /// The words of a refusal, which is one line.
    private func refusal(_ word: String) -> String {
        do {
            return "found \(try path(word))"
        } catch {
            return "\(error)".contains("\n") ? "more than a line" : "\(error)"
        }
    }

    @Test("A folder of transformers in the cache of Hugging Face, by its name and by a revision")
    func huggingFace() throws {
        defer { try? files.removeItem(atPath: folder) }
        let model = Paths.fixture("ModelTests", "families/qwen2")
        for (commit, branch) in [("abc", "main"), ("def", "v1.0"), ("123", nil)] {
            try makeSnapshot("Qwen/Qwen2.5-tiny", commit: commit, branch: branch, ["tokenizer.json": "{}"])
            for name in ["config.json", "model.safetensors"] {
                let place = "\(folder)/hf/hub/models--Qwen--Qwen2.5-tiny"
                try files.copyItem(atPath: "\(model)/\(name)", toPath: "\(place)/blobs/\(commit)\(name)")
                try files.createSymbolicLink(
                    atPath: "\(place)/snapshots/\(commit)/\(name)", withDestinationPath: "../../blobs/\(commit)\(name)")
            }
        }
        let snapshots = folder + "/hf/hub/models--Qwen--Qwen2.5-tiny/snapshots"
        #expect(try path("Qwen/Qwen2.5-tiny") == snapshots + "/abc")
        #expect(try path("Qwen/Qwen2.5-tiny@v1.0") == snapshots + "/def")
        #expect(try path("Qwen/Qwen2.5-tiny@123") == snapshots + "/123")
        let file = try ModelFile.open(path("Qwen/Qwen2.5-tiny"))
        let configuration = try ModelFile.open(model).configuration
        #expect(file.kind == .huggingFace(modelType: "qwen2") && file.configuration == configuration)
        #expect(refusal("Qwen/Qwen2.5-tiny@v2").contains("is here in the revisions 123, abc, def, not in 'v2'; `hf download"))
        #expect(refusal("Qwen/Qwen2.5-tiny@v2").contains("--revision v2` fetches it"))
        // Older and newer variables, and none.
        for environment in [
            ["HF_HUB_CACHE": folder + "/hf/hub", "HF_HOME": "/nowhere"], ["HUGGINGFACE_HUB_CACHE": folder + "/hf/hub"],
            ["HF_HOME": "~/hf", "HOME": folder],
        ] {
            #expect(try LocalModels.path(of: "Qwen/Qwen2.5-tiny", environment: environment) == snapshots + "/abc")
        }
        try files.createDirectory(atPath: folder + "/.cache/huggingface", withIntermediateDirectories: true)
        try files.moveItem(atPath: folder + "/hf/hub", toPath: folder + "/.cache/huggingface/hub")
        #expect(
            try LocalModels.path(of: "Qwen/Qwen2.5-tiny", environment: ["HOME": folder]).hasSuffix(
                "huggingface/hub/models--Qwen--Qwen2.5-tiny/snapshots/abc"))
    }

    @Test("A single GGUF of a repository is the model; one of several has to be named")
    func gguf() throws {
        defer { try? files.removeItem(atPath: folder) }
        try makeSnapshot("org/one-GGUF", commit: "a", branch: nil, ["one.gguf": "GGUF", "README.md": "x"])
        #expect(try path("org/one-GGUF").hasSuffix("/snapshots/a/one.gguf"))
        try makeSnapshot("org/two", commit: "a", ["b.gguf": "GGUF", "c.gguf": "GGUF"])
        #expect(
            refusal("org/two").contains("has 2 models; give the path of one, such as \(folder)/hf/hub/models--org--two/snapshots/a/b.gguf"))
    }

    @Test("What is not there, or not whole, is said in a line, with the command that fetches it")
    func missing() throws {
        defer { try? files.removeItem(atPath: folder) }
        #expect(refusal("Qwen/Qwen9").contains("no model of this name in \(folder)/hf/hub; `hf download Qwen/Qwen9` fetches it"))
        try make("hf/hub/models--a--flat/config.json")
        #expect(refusal("a/flat").contains("has no snapshots, so it is not laid out as a cache of Hugging Face"))
        try makeSnapshot("a/begun", commit: "c", ["config.json": "{}"])
        #expect(refusal("a/begun").contains("was fetched in part"))
        try makeSnapshot("a/dangling", commit: "c", ["config.json": "{}", "model.safetensors": "x"])
        try files.removeItem(atPath: folder + "/hf/hub/models--a--dangling/blobs/blob-c-model.safetensors")
        #expect(refusal("a/dangling").contains("/snapshots/c/model.safetensors is missing; `hf download a/dangling` fetches it"))
        let index = #"{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#
        try makeSnapshot(
            "a/shards", commit: "c",
            ["config.json": "{}", "model.safetensors.index.json": index, "model-00001-of-00002.safetensors": "x"])
        #expect(refusal("a/shards").contains("/snapshots/c/model-00002-of-00002.safetensors is missing"))
        try make("hf/hub/models--a--empty/refs/main", "c")
        try files.createDirectory(atPath: folder + "/hf/hub/models--a--empty/snapshots", withIntermediateDirectories: true)
        #expect(refusal("a/empty").contains("is here in no revision at all, not in 'main'"))
    }

    @Test("Paths are paths: what is there, and what looks like one")
    func paths() throws {
        defer { try? files.removeItem(atPath: folder) }
        for word in [folder, "/no/where", "none", "./a/b", "a/b/c.pth", "Sources/none", "a/model.gguf", "../x/y", "out/rlhf_512.pth"] {
            let inside = word.hasPrefix("Sources") ? "\(Paths.package.path)/\(word)" : word
            #expect(try path(inside) == inside)
        }
    }

    @Test("A model in Ollama's store, by names with and without a tag, a namespace and a host")
    func ollama() throws {
        defer { try? files.removeItem(atPath: folder) }
        let config = #"{"mediaType": "application/vnd.docker.container.image.v1+json", "digest": "sha256:0"}"#
        func manifest(_ digests: [String], _ more: String = "") -> String {
            let layers = digests.map { #"{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:\#($0)", "size": 4}"# }
            return
                #"{"schemaVersion": 2, "config": \#(config), "layers": [\#((layers + [#"{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:9"}"#]).joined(separator: ", "))\#(more)]}"#
        }
        try make("ollama/manifests/registry.example/library/qwen3/0.6b", manifest(["aa"]))
        try make("ollama/manifests/registry.example/library/qwen3/latest", manifest(["bb"]))
        try make("ollama/manifests/registry.example/somebody/tuned/q4_K_M", manifest(["aa"]))
        try make("ollama/manifests/hub.example/org/model-GGUF/Q8_0", manifest(["cc"]))
        try make("ollama/blobs/sha256-aa", "GGUF")
        try make("ollama/blobs/sha256:bb", "GGUF")
        #expect(try path("qwen3:0.6b") == folder + "/ollama/blobs/sha256-aa")
        #expect(try path("qwen3:0.6B") == folder + "/ollama/blobs/sha256-aa")
        #expect(try path("qwen3") == folder + "/ollama/blobs/sha256:bb")
        #expect(try path("somebody/tuned:q4_K_M") == folder + "/ollama/blobs/sha256-aa")
        #expect(
            refusal("hub.example/org/model-GGUF:Q8_0").contains(
                "was fetched in part: \(folder)/ollama/blobs/sha256-cc is missing; `ollama pull hub.example/org/model-GGUF:Q8_0` fetches it"
            ))
        #expect(refusal("qwen3:8b").contains("no model of this name in \(folder)/ollama; `ollama pull qwen3:8b` fetches it"))

        try make("ollama/manifests/registry.example/library/bad/latest", "not JSON")
        #expect(refusal("bad").contains("is not a manifest of Ollama as it is known here"))
        try make("ollama/manifests/registry.example/library/cloud/latest", manifest([]))
        #expect(refusal("cloud:latest").contains("has no weights on this disk"))
        try make("ollama/manifests/registry.example/library/split/latest", manifest(["aa", "bb"]))
        #expect(refusal("split").contains("is a model in 2 files, which is not supported"))
        try make(
            "ollama/manifests/registry.example/library/tuned/latest",
            manifest(["aa"], #", {"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:bb"}"#))
        #expect(refusal("tuned").contains("is a model with an adapter beside it, which is not supported"))
    }
}
