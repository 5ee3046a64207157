using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Export;

/// <summary>Writes usage records to a file, one after the other, holding no more of them than it must.</summary>
internal interface IRecordWriter : IAsyncDisposable
{
    /// <summary>Adds a record.</summary>
    ValueTask WriteAsync(UsageRecord record, CancellationToken cancellationToken);

    /// <summary>Writes what is still held, and the end. The stream stays open.</summary>
    ValueTask CompleteAsync(CancellationToken cancellationToken);
}

/// <summary>The formats that records are exported in.</summary>
internal static class ExportFormats
{
    /// <summary>Makes a writer, by the name of the format, which is also the ending of its files.</summary>
    public static IReadOnlyDictionary<string, Func<Stream, IRecordWriter>> ByName { get; } = new Dictionary<string, Func<Stream, IRecordWriter>>(StringComparer.OrdinalIgnoreCase)
    {
        ["csv"] = static stream => new CsvRecordWriter(stream),
        ["jsonl"] = static stream => new JsonLinesRecordWriter(stream),
        ["parquet"] = static stream => new ParquetRecordWriter(stream),
    };
}
