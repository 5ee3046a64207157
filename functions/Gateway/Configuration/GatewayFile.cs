using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace Serverless.Gateway.Configuration;

/// <summary>
/// <c>gateway.json</c> as the lowest layer of the configuration, under the section <c>Gateway</c>: app settings, environment variables
/// (<c>Gateway__limits__keepAlive</c>) and the command line (<c>--Gateway:limits:keepAlive=20s</c>) override each of its values.
/// </summary>
public static class GatewayFile
{
    /// <summary>The section that holds the gateway's settings.</summary>
    public const string SectionName = "Gateway";

    /// <summary>The setting that names the file.</summary>
    public const string PathSetting = "GATEWAY_CONFIG";

    private const string DefaultName = "gateway.json";

    /// <summary>
    /// Adds the file that <c>GATEWAY_CONFIG</c> names, else <c>gateway.json</c> of the working directory, else the one beside the executable.
    /// </summary>
    /// <returns>The file's full path; null when there is none.</returns>
    /// <exception cref="GatewayConfigurationException">The file cannot be read or is not JSON.</exception>
    public static string? AddGatewayFile(this IConfigurationManager configuration)
    {
        string? path = Locate(configuration[PathSetting]);
        if (path is not null)
        {
            configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Read(path) });
        }

        return path;
    }

    private static string? Locate(string? named)
    {
        if (!string.IsNullOrWhiteSpace(named))
        {
            return Path.GetFullPath(named.Trim());
        }

        string[] places = [Path.GetFullPath(DefaultName), Path.Combine(AppContext.BaseDirectory, DefaultName)];
        return places.FirstOrDefault(File.Exists);
    }

    private static Dictionary<string, string?> Read(string path)
    {
        try
        {
            return Flatten(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GatewayConfigurationException([new(PathSetting, $"{path} cannot be read ({e.GetType().Name}).")]);
        }
    }

    /// <summary>The file's values by configuration key.</summary>
    internal static Dictionary<string, string?> Flatten(ReadOnlyMemory<byte> json, string path)
    {
        JsonDocument document;
        try
        {
            if (json.Span.StartsWith("\uFEFF"u8))
            {
                json = json[3..];
            }

            document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new GatewayConfigurationException([new(path, $"is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of the line).")]);
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new GatewayConfigurationException([new(path, "must hold a JSON object.")]);
            }

            var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
            List<ConfigurationFault> faults = [];
            Flatten(document.RootElement, SectionName, "", values, faults);
            return faults.Count == 0 ? values : throw new GatewayConfigurationException(faults);
        }
    }

    private static void Flatten(JsonElement element, string key, string path, Dictionary<string, string?> values, List<ConfigurationFault> faults)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    string childPath = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    if (!seen.Add(property.Name))
                    {
                        faults.Add(new ConfigurationFault(childPath, "stands twice (upper and lower case are not told apart)."));
                        continue;
                    }

                    string childKey = ConfigurationPath.Combine(key, SettingsSection.Escape(property.Name));
                    Flatten(property.Value, childKey, childPath, values, faults);
                    if (path is "providers" or "endpoints" && property.Value.ValueKind == JsonValueKind.Object)
                    {
                        // Environment variables may spell the key in another case; the name is the file's.
                        values.TryAdd(ConfigurationPath.Combine(childKey, "name"), property.Name);
                    }
                }

                if (seen.Count == 0)
                {
                    values[key] = "";
                }

                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Flatten(item, $"{key}:{index}", $"{path}[{index}]", values, faults);
                    index++;
                }

                if (index == 0)
                {
                    values[key] = "";
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                values[key] = element.ValueKind == JsonValueKind.String ? element.GetString() : element.GetRawText();
                break;
        }
    }
}
