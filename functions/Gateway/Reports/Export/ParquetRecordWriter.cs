using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Export;

/// <summary>
/// Apache Parquet: numbers, flags and times as such, attempts and tags as JSON texts. Records are gathered by columns and written group by group,
/// so that memory does not grow with the file.
/// </summary>
internal sealed class ParquetRecordWriter(Stream stream, int groupSize = ParquetRecordWriter.GroupSize) : IRecordWriter
{
    /// <summary>Records of a row group, which is what is held in memory at once.</summary>
    public const int GroupSize = 10_000;

    private readonly Column[] _columns = [new TextColumn("request_id", r => r.RequestId, nullable: false), .. UsageColumns.All.Select(Of)];
    private ParquetWriter? _writer;
    private int _held;

    public async ValueTask WriteAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        foreach (Column column in _columns)
        {
            column.Add(record);
        }

        if (++_held == groupSize)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
            _writer = null;
        }
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        // The library's own level is the smallest: an eighth smaller, for sixty times the processor time of everything else.
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };
        _writer ??= await ParquetWriter.CreateAsync(new ParquetSchema([.. _columns.Select(c => c.Field)]), stream, options, cancellationToken: cancellationToken);
        if (_held == 0)
        {
            return;
        }

        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        foreach (Column column in _columns)
        {
            await column.FlushAsync(group, cancellationToken);
        }

        group.CompleteValidate();
        _held = 0;
    }

    private static Column Of(UsageColumn column) => column.Type switch
    {
        UsageColumnType.Integer => new NumberColumn<long>(column),
        UsageColumnType.Real => new NumberColumn<double>(column),
        UsageColumnType.Boolean => new NumberColumn<bool>(column),
        UsageColumnType.Time => new TimeColumn(column),
        _ => new TextColumn(column.Name, r => column.Get(r) as string, nullable: true),
    };

    /// <summary>The values of a column that are not yet written.</summary>
    private abstract class Column(DataField itsField)
    {
        public DataField Field => itsField;

        public abstract void Add(UsageRecord record);

        public abstract Task FlushAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken);
    }

    private sealed class TextColumn(string name, Func<UsageRecord, string?> get, bool nullable) : Column(new DataField<string>(name, nullable))
    {
        private readonly List<string?> _values = [];

        public override void Add(UsageRecord record) => _values.Add(get(record));

        public override async Task FlushAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken)
        {
            await group.WriteAsync(Field, _values!);
            _values.Clear();
        }
    }

    private sealed class NumberColumn<T>(UsageColumn column) : Column(new DataField<T>(column.Name, true))
        where T : struct
    {
        private readonly List<T?> _values = [];

        public override void Add(UsageRecord record) => _values.Add(column.Get(record) as T?);

        public override async Task FlushAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken)
        {
            await group.WriteAsync<T>(Field, _values.ToArray(), cancellationToken: cancellationToken);
            _values.Clear();
        }
    }

    private sealed class TimeColumn(UsageColumn column) : Column(new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros, isNullable: true))
    {
        private readonly List<DateTime?> _values = [];

        public override void Add(UsageRecord record) => _values.Add((column.Get(record) as DateTimeOffset?)?.UtcDateTime);

        public override async Task FlushAsync(ParquetRowGroupWriter group, CancellationToken cancellationToken)
        {
            await group.WriteAsync<DateTime>(Field, _values.ToArray(), cancellationToken: cancellationToken);
            _values.Clear();
        }
    }
}
