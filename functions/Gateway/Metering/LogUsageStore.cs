using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Metering;

/// <summary>Writes one JSON line a record to the log (category <c>usage</c>): the store where no other is configured.</summary>
internal sealed partial class LogUsageStore(ILoggerFactory loggers) : IUsageStore
{
    /// <summary>The category of the log lines.</summary>
    public const string Category = "usage";

    private readonly ILogger _logger = loggers.CreateLogger(Category);

    public void Accepted(UsageRecord record)
    {
        // A log has no row to complete later: the line of the finished record says it all.
    }

    public ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        if (_logger.IsEnabled(LogLevel.Information))
        {
            var json = new ArrayBufferWriter<byte>(1024);
            UsageRowJson.Write(record, json);
            Log.Record(_logger, Encoding.UTF8.GetString(json.WrittenSpan));
        }

        return ValueTask.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Record}")]
        public static partial void Record(ILogger logger, string record);
    }
}
