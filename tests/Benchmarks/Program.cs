using BenchmarkDotNet.Running;
using Serverless.Benchmarks.Load;
using Serverless.Benchmarks.Start;
using Serverless.Benchmarks.Usage;

return args switch
{
    ["stub", string url] => await Serve(StubServer.RunAsync(url)),
    ["proxy", string url, string target] => await Serve(ProxyServer.RunAsync(url, target)),
    ["load", .. string[] rest] => await LoadCommand.RunAsync(rest),
    ["start", .. string[] rest] => await StartCommand.RunAsync(rest),
    ["ledger", .. string[] rest] => await LedgerCommand.RunAsync(rest),
    ["reports", .. string[] rest] => await ReportsCommand.RunAsync(rest),
    ["export", .. string[] rest] => await ExportCommand.RunAsync(rest),
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
        usage: dotnet run -c Release --project tests/Benchmarks -- load [--short] [--store log|sqlite|table]   the whole gateway beside a bare reverse proxy
               dotnet run -c Release --project tests/Benchmarks -- start [executable …]   size, start and memory of published executables
               dotnet run -c Release --project tests/Benchmarks -- ledger [--rate 500] [--seconds 20] [--store sqlite|table]   how long an answer waits for its record
               dotnet run -c Release --project tests/Benchmarks -- reports [--records 1000000] [--store sqlite|table] [--minutes 15] [--delay MS]   reports over a month
               dotnet run -c Release --project tests/Benchmarks -- export [--records 1000000] [--store sqlite|table] [--out FOLDER]   exports of a month, then its end
               dotnet run -c Release --project tests/Benchmarks -- codecs [options]   the codecs, by BenchmarkDotNet
        """);
    return 2;
}
