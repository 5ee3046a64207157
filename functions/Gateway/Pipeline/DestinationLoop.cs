using Microsoft.Extensions.Logging;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// The way through an endpoint's destinations, in order, each once: a refusal before the first content goes to the next, the last one is
/// the caller's. Nothing is tried for a client that has hung up. A destination that refuses the seals of a history, which began at another
/// one, is tried again without them: otherwise the session would end there.
/// </summary>
internal static class DestinationLoop
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
        for (int i = 0; i < endpoint.Destinations.Count; i++)
        {
            Destination destination = endpoint.Destinations[i];
            if (last is not null && !exchange.SealsRefused)
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
                exchange.Aborted.ThrowIfCancellationRequested();
                if (!exchange.SealsRefused && Fallback.RefusesSeals(failure.Error))
                {
                    exchange.SealsRefused = true;
                    last = failure;
                    AttemptLog.Failed(logger, exchange.RequestId, endpoint.Name, destination.Name, failure, "it is asked again without the seals of another");
                    i--;
                    continue;
                }

                // That a substitute could not even be asked says less than why the one before it has failed.
                last = failure.BeforeSending ? last ?? failure : failure;
                bool goesOn = (failure.BeforeSending || Fallback.Allows(failure.Error)) && i + 1 < endpoint.Destinations.Count;
                AttemptLog.Failed(logger, exchange.RequestId, endpoint.Name, destination.Name, failure, goesOn ? $"{endpoint.Destinations[i + 1].Name} is next" : "the caller is told");
                if (!goesOn)
                {
                    break;
                }

                exchange.SealsRefused = false;
            }
            catch
            {
                exchange.Meter.EndAttempt(status: null, exchange.ReasonOfEnd);
                throw;
            }
        }

        throw last!;
    }
}
