using Microsoft.Extensions.Logging;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// The way through an endpoint's destinations, in order, each once: a refusal before the first content goes to the next, the last one is
/// the caller's. Nothing is tried for a client that has hung up.
/// </summary>
internal static partial class DestinationLoop
{
    /// <summary>Tries the destinations until one has answered.</summary>
    /// <param name="exchange">Whose request it is.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="attempt">One try; throws <see cref="UpstreamFailure"/> as long as the client has got nothing of an answer.</param>
    /// <param name="logger">Takes note of failures.</param>
    /// <exception cref="UpstreamFailure">None has answered.</exception>
    public static async Task RunAsync(Exchange exchange, GatewayEndpoint endpoint, Func<Destination, Task> attempt, ILogger logger)
    {
        UpstreamFailure? last = null;
        foreach (Destination destination in endpoint.Destinations)
        {
            if (last is not null)
            {
                exchange.Telemetry?.FellBack(endpoint.Name, destination.Name, last.Reason);
            }

            exchange.Meter.BeginAttempt(destination);
            try
            {
                exchange.RequirePrice(endpoint, destination);
                await attempt(destination);
                return;
            }
            catch (UpstreamFailure failure)
            {
                exchange.Stream?.Discard();
                exchange.Meter.EndAttempt(failure.Status, failure.Reason);
                Log.AttemptFailed(logger, exchange.RequestId, endpoint.Name, destination.Name, failure.Status, failure.Reason);

                // That a substitute could not even be asked says less than why the one before it has failed.
                last = failure.BeforeSending ? last ?? failure : failure;
                if (!failure.BeforeSending && !Fallback.Allows(failure.Error))
                {
                    break;
                }

                exchange.Aborted.ThrowIfCancellationRequested();
            }
            catch
            {
                exchange.Meter.EndAttempt(0, exchange.Aborted.IsCancellationRequested ? "client_closed" : "internal_error");
                throw;
            }
        }

        throw last!;
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Warning, "Request {RequestId} to endpoint {Endpoint}: destination {Destination} has failed with status {Status} ({Reason}).")]
        public static partial void AttemptFailed(ILogger logger, string requestId, string endpoint, string destination, int status, string reason);
    }
}
