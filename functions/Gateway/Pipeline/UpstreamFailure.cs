using System.Net.Http.Headers;
using Serverless.Gateway.Metering;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Pipeline;

/// <summary>A try at a destination has failed before the client has got any content.</summary>
/// <param name="error">What the caller is told when no other destination does better.</param>
/// <param name="status">The provider's status; 0 when there was no answer.</param>
internal sealed class UpstreamFailure(GatewayError error, int status, Exception? inner = null) : Exception(error.Message, inner)
{
    public GatewayError Error { get; } = error;

    public int Status { get; } = status;

    /// <summary>The provider's own JSON body, for a client of the same dialect.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The provider's headers, for those that may cross.</summary>
    public HttpResponseHeaders? Headers { get; init; }

    /// <summary>True when the gateway itself has found that the destination cannot serve the request.</summary>
    public bool BeforeSending { get; init; }

    /// <summary>What the list of attempts says.</summary>
    public string Reason => RecordText.CodeOf(Error);

    /// <summary>A destination whose model is not for this.</summary>
    public static UpstreamFailure WrongTask(string task) =>
        new(GatewayError.Invalid($"The model behind this endpoint does not serve {task}.", "model", "endpoint_task"), 0) { BeforeSending = true };
}
