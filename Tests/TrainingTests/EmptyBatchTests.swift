import Data
import Model
import Testing
import Training

/// A shard's last batches may have no samples, or only places of bad records.
@Suite struct EmptyBatchTests {
    @Test func makesARowOfNothing() {
        for batch in [Batch([]), Batch([], padding: (8, 0)), Batch([(0, .badRecord), (3, .badRecord)], padding: (8, 0))] {
            #expect(batch.predictions.isEmpty && batch.tokens.isEmpty && batch.countedTokens == 0)
            let row = TokenRow(batch)
            #expect(row.tokens.isEmpty && row.segments.isEmpty && row.sequences.count == batch.sampleCount)
        }
    }
}
