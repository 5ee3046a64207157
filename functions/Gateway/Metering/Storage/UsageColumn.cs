using System.Text.Json;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>One column of the usage records, the same in every store, report and export.</summary>
/// <param name="Name">Name in stores, reports and exports.</param>
/// <param name="Type">What its values are.</param>
/// <param name="KnownWhenAccepted">True when the value is known as soon as the request is accepted and never changes.</param>
/// <param name="Get">Its value of a record; null when it has none.</param>
/// <param name="Write">Writes name and value of a record as a property, or nothing when it has none: what <paramref name="Get"/> gives, without making an object of it.</param>
public sealed record UsageColumn(string Name, UsageColumnType Type, bool KnownWhenAccepted, Func<UsageRecord, object?> Get, Action<UsageRecord, Utf8JsonWriter> Write)
{
    /// <inheritdoc/>
    public bool Equals(UsageColumn? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Types of columns, each with the .NET type of its values.</summary>
public enum UsageColumnType
{
    /// <summary><see cref="string"/>.</summary>
    Text,

    /// <summary><see cref="long"/>.</summary>
    Integer,

    /// <summary><see cref="double"/>, milliseconds for times.</summary>
    Real,

    /// <summary><see cref="bool"/>.</summary>
    Boolean,

    /// <summary><see cref="DateTimeOffset"/> in UTC.</summary>
    Time,

    /// <summary><see cref="string"/> that holds JSON.</summary>
    Json,
}
