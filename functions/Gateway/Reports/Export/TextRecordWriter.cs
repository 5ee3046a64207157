using System.Buffers;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Export;

/// <summary>A writer of lines.</summary>
internal abstract class TextRecordWriter(Stream stream) : IRecordWriter
{
    private const int FlushAt = 256 * 1024;

    /// <summary>What is not yet in the stream.</summary>
    protected ArrayBufferWriter<byte> Lines { get; } = new(FlushAt + 16_384);

    public ValueTask WriteAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        Add(record);
        return Lines.WrittenCount < FlushAt ? ValueTask.CompletedTask : CompleteAsync(cancellationToken);
    }

    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Lines.WrittenMemory, cancellationToken);
        Lines.ResetWrittenCount();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Adds the line of a record.</summary>
    protected abstract void Add(UsageRecord record);
}

/// <summary>A line of JSON a record: what is unknown is absent, attempts and tags are arrays and objects.</summary>
internal sealed class JsonLinesRecordWriter(Stream stream) : TextRecordWriter(stream)
{
    protected override void Add(UsageRecord record)
    {
        UsageRowJson.Write(record, Lines);
        Lines.Write("\n"u8);
    }
}

/// <summary>Comma-separated values, every column, attempts and tags as JSON texts.</summary>
internal sealed class CsvRecordWriter : TextRecordWriter
{
    public CsvRecordWriter(Stream stream)
        : base(stream) => WriteHeader(Lines);

    /// <summary>Writes the names of the columns.</summary>
    public static void WriteHeader(IBufferWriter<byte> output) => Csv.WriteLine(output, UsageColumns.All.Select(c => c.Name).Prepend("request_id"));

    /// <summary>Writes a record.</summary>
    public static void Write(UsageRecord record, IBufferWriter<byte> output) => Csv.WriteLine(output, UsageColumns.All.Select(c => Csv.Text(c.Get(record))).Prepend(record.RequestId));

    protected override void Add(UsageRecord record) => Write(record, Lines);
}
