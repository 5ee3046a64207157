using BenchmarkDotNet.Running;
using Serverless.Benchmarks.Load;
using Serverless.Benchmarks.Start;

return args switch
{
    ["stub", string url] => await Serve(StubServer.RunAsync(url)),
    ["proxy", string url, string target] => await Serve(ProxyServer.RunAsync(url, target)),
    ["load", .. string[] rest] => await LoadCommand.RunAsync(rest),
    ["start", .. string[] rest] => await StartCommand.RunAsync(rest),
    ["codecs", .. string[] rest] => Codecs(rest),
    _ => Usage(),
};

static async Task<int> Serve(Task running)
{
    await running;
    return 0;
}

static int Codecs(string[] rest)
{
    BenchmarkSwitcher.FromAssembly(typeof(LoadCommand).Assembly).Run(rest.Length > 0 ? rest : ["--filter", "*"]);
    return 0;
}

static int Usage()
{
    Console.WriteLine("""
        usage: dotnet run -c Release --project tests/Benchmarks -- load [--short] [--store log|sqlite]   the whole gateway beside a bare reverse proxy
               dotnet run -c Release --project tests/Benchmarks -- start [executable …]   size, start and memory of published executables
               dotnet run -c Release --project tests/Benchmarks -- codecs [options]   the codecs, by BenchmarkDotNet
        """);
    return 2;
}
