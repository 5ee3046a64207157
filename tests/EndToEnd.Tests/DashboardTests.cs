using Serverless.Tests;

namespace Serverless.EndToEnd.Tests;

/// <summary>The dashboard in a real browser over real traffic; what is checked stands in <c>dashboard/*.mjs</c>.</summary>
public sealed class DashboardTests(DashboardChecks checks) : IClassFixture<DashboardChecks>
{
    [Theory]
    [InlineData("figures")]
    [InlineData("draws overview")]
    [InlineData("draws performance")]
    [InlineData("draws usage")]
    [InlineData("draws cost")]
    [InlineData("draws agents")]
    [InlineData("draws requests")]
    [InlineData("numbers")]
    [InlineData("spans and addresses")]
    [InlineData("chart as a table")]
    [InlineData("breakdown")]
    [InlineData("filters")]
    [InlineData("drill down")]
    [InlineData("span and zone")]
    [InlineData("themes")]
    [InlineData("csv")]
    [InlineData("live refresh")]
    [InlineData("keyboard")]
    [InlineData("single request")]
    [InlineData("paging")]
    [InlineData("hostile names")]
    [InlineData("key")]
    [InlineData("prices")]
    [InlineData("any prefix")]
    [InlineData("gateway away")]
    [InlineData("store away")]
    [InlineData("late answers")]
    [InlineData("few questions")]
    [InlineData("forced colors")]
    [InlineData("paper")]
    [InlineData("accessible, light")]
    [InlineData("accessible, dark")]
    [InlineData("pictures")]
    [InlineData("quiet")]
    public async Task Holds(string check)
    {
        string? error = await checks.FindAsync(check);
        Assert.True(error is null, error);
    }

    /// <summary>npm checks what it installs against the lock file's hash; the dashboard ships the same bytes.</summary>
    [Fact]
    public async Task The_chart_library_is_what_its_makers_published()
    {
        NodePackages packages = await NodePackages.InstallAsync("tests", "EndToEnd.Tests", "dashboard");
        Assert.SkipWhen(packages.Missing is not null, packages.Missing ?? "");
        string published = Path.Combine(packages.Folder, "node_modules", "uplot");
        string shipped = Path.Combine(Repository.Root, "functions", "Gateway", "Reports", "Dashboard", "vendor", "uplot");
        foreach ((string ours, string theirs) in ((string, string)[])[("uPlot.iife.min.js", "dist/uPlot.iife.min.js"), ("uPlot.min.css", "dist/uPlot.min.css"), ("LICENSE.txt", "LICENSE")])
        {
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(published, theirs), TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(Path.Combine(shipped, ours), TestContext.Current.CancellationToken));
        }
    }
}
