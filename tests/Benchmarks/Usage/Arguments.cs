using System.Globalization;

namespace Serverless.Benchmarks.Usage;

/// <summary>The few options of the commands.</summary>
internal static class Arguments
{
    public static int Number(string[] arguments, string name, int otherwise) => Text(arguments, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The stores that <c>--store</c> names, or both.</summary>
    public static string[] Stores(string[] arguments) => Text(arguments, "--store") is { } store ? [store] : ["sqlite", "table"];

    public static string? Text(string[] arguments, string name) => arguments.SkipWhile(a => a != name).Skip(1).FirstOrDefault();
}
