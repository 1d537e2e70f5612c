/** Judging backends. */
module org.smollm3.conformance {
  requires org.smollm3.api;
  requires tools.jackson.databind;

  provides org.smollm3.spi.Tool with
      org.smollm3.conformance.golden.CheckTool;
}
