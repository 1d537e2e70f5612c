/** Judging backends. */
module org.smollm3.conformance {
  requires transitive org.smollm3.api;
  requires transitive net.jqwik.api;
  requires static transitive org.junit.jupiter.api;
  requires tools.jackson.databind;

  exports org.smollm3.conformance;
  exports org.smollm3.conformance.bounds;
  exports org.smollm3.conformance.cases;
  exports org.smollm3.conformance.check;
  exports org.smollm3.conformance.report;
  exports org.smollm3.conformance.rules;
  exports org.smollm3.conformance.run;

  uses org.smollm3.spi.BackendProvider;
  uses org.smollm3.spi.MutantSource;
  uses org.smollm3.spi.Oracle;

  provides org.smollm3.spi.Tool with
      org.smollm3.conformance.command.ConformTool,
      org.smollm3.conformance.golden.CheckTool;
}
