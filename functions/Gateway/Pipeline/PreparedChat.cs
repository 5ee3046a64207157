using Serverless.Gateway.Routing;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>A chat request as one destination is sent it.</summary>
internal sealed class PreparedChat : IDisposable
{
    private PreparedChat(IChatDialect target, PooledBuffer body, TranslationReport report, ToolNames? names)
    {
        Target = target;
        Body = body;
        Report = report;
        Names = names;
    }

    /// <summary>The dialect that the provider is spoken to in.</summary>
    public IChatDialect Target { get; }

    public PooledBuffer Body { get; }

    /// <summary>What the provider is not told, or in other words.</summary>
    public TranslationReport Report { get; }

    /// <summary>True when the provider's answer goes to the client byte for byte.</summary>
    public bool IsPassthrough => Names is null;

    /// <summary>What undoes the preparation in the answer; null when it needs none, the answer being passed through.</summary>
    public ToolNames? Names { get; }

    /// <summary>
    /// The request for a destination: the client's own bytes with named splices where the provider speaks the client's dialect, otherwise decoded,
    /// adapted and encoded.
    /// </summary>
    /// <param name="call">The request.</param>
    /// <param name="destination">Where it goes.</param>
    /// <param name="onUnsupported">What becomes of a field that cannot be said.</param>
    /// <param name="readsSeals">False when the provider has refused the seals of the history.</param>
    /// <exception cref="UpstreamFailure">This destination cannot serve the request.</exception>
    public static PreparedChat For(ChatCall call, Destination destination, OnUnsupported onUnsupported, bool readsSeals)
    {
        IChatDialect target = ChatDialects.Choose(call.Dialect, destination.Provider.Dialects(destination.Model)) ?? throw UpstreamFailure.WrongTask("chat");
        DialectQuirks quirks = destination.Provider.Quirks(target.Id, destination.Model);
        var body = new PooledBuffer(call.Body.Json.Bytes.Length + PooledBuffer.DefaultCapacity);
        bool same = target.Id == call.Dialect.Id;
        try
        {
            if (same && readsSeals && !QuirkCheck.MustRewrite(call.Body.Json, quirks))
            {
                target.SpliceRequest(call.Body.Json, destination.Model, body);
                return new PreparedChat(target, body, new TranslationReport(), names: null);
            }

            var profile = new TargetProfile(destination.Model) { Quirks = quirks, ReadsSeals = readsSeals };
            var report = new TranslationReport(call.Dialect.FieldNames, call.Body.Root);
            AdaptedRequest adapted = Adapt(call, target, profile, report, body, onUnsupported);
            bool answerIsTheClients = same && adapted.Names.IsEmpty;
            return new PreparedChat(target, body, report, answerIsTheClients ? null : adapted.Names);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose() => Body.Dispose();

    private static AdaptedRequest Adapt(
        ChatCall call, IChatDialect target, TargetProfile profile, TranslationReport report, PooledBuffer body, OnUnsupported onUnsupported)
    {
        try
        {
            AdaptedRequest adapted = RequestAdapter.Adapt(call.Canonical, target, profile, report);
            target.EncodeRequest(adapted.Request, profile, report, body);
            if (onUnsupported == OnUnsupported.Reject)
            {
                report.ThrowIfDropped();
            }

            return adapted;
        }
        catch (GatewayException e)
        {
            // Another destination may be able to say it.
            throw new UpstreamFailure(e.Error, 0, e) { BeforeSending = true };
        }
    }
}
