using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// One line of the log for each try at a provider that has failed: which, how, what the gateway does next, and the cause beneath, which callers are not told.
/// A provider's own words are never in it, since they may quote the prompt.
/// </summary>
internal static partial class AttemptLog
{
    private const int LongestCause = 2000;

    /// <summary>A try has failed before the client got any content.</summary>
    /// <param name="logger">Takes the line.</param>
    /// <param name="requestId">The request.</param>
    /// <param name="endpoint">The endpoint that the client named.</param>
    /// <param name="destination">Who has failed.</param>
    /// <param name="failure">How.</param>
    /// <param name="next">What is done about it.</param>
    public static void Failed(ILogger logger, string requestId, string endpoint, string destination, UpstreamFailure failure, string next)
    {
        // What is wrong with a request is its sender's business.
        LogLevel level = failure.Error.Kind is ErrorKind.InvalidRequest or ErrorKind.NotFound or ErrorKind.TooLarge ? LogLevel.Information : LogLevel.Warning;
        if (logger.IsEnabled(level))
        {
            Log.Failed(logger, level, requestId, endpoint, destination, failure.Status, failure.Reason, next, CauseOf(failure));
        }
    }

    /// <summary>A stream has broken off after the client got a part of it.</summary>
    public static void BrokeOff(ILogger logger, string requestId, string? destination, string reason, Exception? failure)
    {
        if (logger.IsEnabled(LogLevel.Warning))
        {
            Log.BrokeOff(logger, requestId, destination, reason, CauseOf(failure));
        }
    }

    /// <summary>What lies beneath a failure: faults of connections, names and identities, in one line.</summary>
    private static string CauseOf(Exception? failure)
    {
        var text = new StringBuilder();
        for (Exception? cause = failure?.InnerException; cause is not null && text.Length < LongestCause; cause = cause.InnerException)
        {
            if (cause is not (GatewayException or UpstreamFailure or JsonException))
            {
                text.Append(" Because: ").AppendJoin(' ', cause.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            }
        }

        return text.ToString(0, Math.Min(text.Length, LongestCause));
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 20, Message = "Request {RequestId} to endpoint {Endpoint}: destination {Destination} has failed with status {Status} ({Reason}); {Next}.{Cause}")]
        public static partial void Failed(ILogger logger, LogLevel level, string requestId, string endpoint, string destination, int status, string reason, string next, string cause);

        [LoggerMessage(21, LogLevel.Warning, "Request {RequestId}: the stream of destination {Destination} broke off after its client got a part of it ({Reason}).{Cause}")]
        public static partial void BrokeOff(ILogger logger, string requestId, string? destination, string reason, string cause);
    }
}
