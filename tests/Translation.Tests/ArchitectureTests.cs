using System.Reflection;
using System.Text.RegularExpressions;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>Dependencies point inwards only, and every dialect looks like the others.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string Functions = Path.Combine(Payloads.Repository, "functions");

    [Fact]
    public void TheTranslationLibraryKnowsNoHttpAndNoFramework()
    {
        IEnumerable<string> references = typeof(DialectCatalog).Assembly.GetReferencedAssemblies().Select(a => a.Name!);
        Assert.DoesNotContain(references, name =>
            name.StartsWith("Microsoft.", StringComparison.Ordinal) || name.StartsWith("System.Net", StringComparison.Ordinal)
            || name.StartsWith("Azure.", StringComparison.Ordinal) || name.StartsWith("Serverless.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Translation/Canonical", "Dialects", "Adaptation")]
    [InlineData("Translation/Wire", "Dialects", "Adaptation")]
    public void TheMiddleDoesNotKnowTheOutside(string folder, params string[] outside)
    {
        foreach ((string file, string text) in Sources(folder))
        {
            foreach (string name in outside)
            {
                Assert.False(text.Contains($"Serverless.Translation.{name}", StringComparison.Ordinal), $"{file} refers to {name}.");
            }
        }
    }

    [Fact]
    public void TheAdaptationKnowsNoSingleDialect()
    {
        foreach ((string file, string text) in Sources("Translation/Adaptation"))
        {
            Assert.False(VendorNamespace().IsMatch(text), $"{file} refers to a vendor's folder.");
        }
    }

    [Fact]
    public void NoVendorKnowsAnother()
    {
        string[] vendors = [.. Directory.EnumerateDirectories(Path.Combine(Functions, "Translation", "Dialects")).Select(d => Path.GetFileName(d))];
        foreach (string vendor in vendors)
        {
            foreach ((string file, string text) in Sources($"Translation/Dialects/{vendor}"))
            {
                foreach (string other in vendors.Where(v => v != vendor))
                {
                    Assert.False(text.Contains($"Serverless.Translation.Dialects.{other}", StringComparison.Ordinal), $"{file} refers to {other}.");
                }
            }
        }
    }

    [Fact]
    public void TheGatewayIsLayered()
    {
        // Endpoints → Pipeline → {Routing, Providers, Access, Metering}; the last four do not know the first two.
        foreach (string inner in (string[])["Routing", "Providers", "Access", "Metering"])
        {
            foreach ((string file, string text) in Sources($"Gateway/{inner}"))
            {
                Assert.False(GatewayOutside().IsMatch(text), $"{file} refers to the outside.");
            }
        }

        foreach ((string file, string text) in Sources("Gateway/Pipeline"))
        {
            Assert.False(text.Contains("using Serverless.Gateway.Endpoints", StringComparison.Ordinal), $"{file} refers to the endpoints.");
        }
    }

    [Fact]
    public void EveryChatDialectHasTheSameFiveFiles()
    {
        foreach (IChatDialect dialect in DialectCatalog.Chat)
        {
            Type type = dialect.GetType();
            string name = type.Name[..^"Dialect".Length];
            string folder = Path.Combine(Functions, "Translation", type.Namespace!["Serverless.Translation.".Length..].Replace('.', Path.DirectorySeparatorChar));
            foreach (string part in (string[])["Dialect", "Wire", "Request", "Response", "Stream"])
            {
                // A long one may be parted, as into StreamDecoder and StreamEncoder.
                Assert.True(Directory.EnumerateFiles(folder, $"{name}{part}*.cs").Any(), $"{folder} has no {name}{part}.cs.");
            }
        }
    }

    [Fact]
    public void NothingIsLeftUndone()
    {
        foreach ((string file, string text) in Sources("."))
        {
            Assert.False(Undone().IsMatch(text), $"{file} is not finished.");
        }
    }

    [Fact]
    public void NamespacesFollowFolders()
    {
        foreach ((string file, string text) in Sources("Translation"))
        {
            string expected = "Serverless." + Path.GetDirectoryName(Path.GetRelativePath(Functions, file))!.Replace(Path.DirectorySeparatorChar, '.');
            Assert.True(text.Contains($"namespace {expected};", StringComparison.Ordinal), $"{file} is not in {expected}.");
        }
    }

    [Fact]
    public void PublicTypesAreSealedOrStaticOrAbstract()
    {
        foreach (Type type in typeof(DialectCatalog).Assembly.GetExportedTypes().Where(t => t.IsClass && !typeof(Delegate).IsAssignableFrom(t)))
        {
            Assert.True(type.IsSealed || type.IsAbstract, $"{type} can be derived from.");
        }

        Assert.All(
            typeof(DialectCatalog).Assembly.GetExportedTypes().SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)),
            p => Assert.True(p.SetMethod is null || !p.SetMethod.IsPublic || IsInit(p), $"{p.DeclaringType}.{p.Name} can be changed."));
    }

    private static bool IsInit(PropertyInfo property) =>
        property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Any(m => m.Name == "IsExternalInit");

    private static IEnumerable<(string File, string Text)> Sources(string folder)
    {
        string path = Path.GetFullPath(Path.Combine(Functions, folder));
        return !Directory.Exists(path)
            ? []
            : Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
                .Where(f => !BuildOutput().IsMatch(f))
                .Select(f => (f, File.ReadAllText(f)));
    }

    [GeneratedRegex(@"Serverless\.Translation\.Dialects\.(OpenAI|Anthropic|Gemini)")]
    private static partial Regex VendorNamespace();

    [GeneratedRegex(@"using Serverless\.Gateway\.(Endpoints|Pipeline)")]
    private static partial Regex GatewayOutside();

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|\bHACK\b|NotImplementedException")]
    private static partial Regex Undone();

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex BuildOutput();
}
