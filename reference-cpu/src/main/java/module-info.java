/** The reference backends: cpu on the Vector API, and exact in double precision. */
module org.smollm3.reference.cpu {
  requires org.smollm3.api;
  requires tools.jackson.databind;
  // Optional at run time: without it the scalar twins of the kernels run.
  requires static jdk.incubator.vector;

  provides org.smollm3.spi.BackendProvider with
      org.smollm3.cpu.CpuBackendProvider,
      org.smollm3.exact.ExactBackendProvider;
  provides org.smollm3.spi.Oracle with
      org.smollm3.exact.ExactOracle;
  provides org.smollm3.spi.Tool with
      org.smollm3.bench.BenchTool;

  // A synthetic model to measure is made by the tool that makes fixtures.
  uses org.smollm3.spi.Tool;
}
