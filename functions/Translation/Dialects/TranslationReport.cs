using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects;

/// <summary>
/// What became of the parts of a request that its target cannot say. Nothing is dropped in silence: the report goes to the
/// <c>x-gateway-dropped</c> header and the usage record, or turns into a 400 where the endpoint says so.
/// </summary>
public sealed class TranslationReport
{
    private readonly List<ReportEntry> _entries = [];
    private readonly HashSet<ReportEntry> _known = [];

    /// <summary>All entries in order; each field once.</summary>
    public IReadOnlyList<ReportEntry> Entries => _entries;

    /// <summary>Tells that a field was left out.</summary>
    /// <param name="field">Path of the field in the client's request.</param>
    /// <param name="reason">Why, in a few words.</param>
    public void Drop(string field, string reason) => Add(new ReportEntry(field, reason, Dropped: true));

    /// <summary>Tells that a field was kept in another form whose meaning is close but not the same.</summary>
    /// <param name="field">Path of the field in the client's request.</param>
    /// <param name="how">What was made of it, in a few words.</param>
    public void Change(string field, string how) => Add(new ReportEntry(field, how, Dropped: false));

    /// <summary>Refuses the request when something was dropped and the endpoint does not allow that.</summary>
    /// <exception cref="GatewayException">Status 400; names the first field and mentions the others.</exception>
    public void ThrowIfDropped()
    {
        ReportEntry? first = _entries.FirstOrDefault(e => e.Dropped);
        if (first is null)
        {
            return;
        }

        string others = string.Join(", ", _entries.Where(e => e.Dropped && e != first).Select(e => $"'{e.Field}'"));
        throw new GatewayException(GatewayError.Unsupported(first.Field, first.Reason + (others.Length == 0 ? "" : $" (also: {others})")));
    }

    private void Add(ReportEntry entry)
    {
        if (_known.Add(entry))
        {
            _entries.Add(entry);
        }
    }
}

/// <summary>One line of a <see cref="TranslationReport"/>.</summary>
public sealed record ReportEntry(string Field, string Reason, bool Dropped);
