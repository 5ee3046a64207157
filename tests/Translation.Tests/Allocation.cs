namespace Serverless.Translation.Tests;

/// <summary>Holds that something costs no allocation once it is warm.</summary>
internal static class Allocation
{
    /// <summary>Fails unless 1,000 runs in a row come to allocate nothing. Code that is not optimised yet may box.</summary>
    public static void IsNone(Action action)
    {
        long allocated = 0;
        for (int round = 0; round < 100; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                action();
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated == 0)
            {
                return;
            }

            Thread.Sleep(20);
        }

        Assert.Fail($"{allocated / 1000.0} bytes a run");
    }
}
