/** A small trained SmolLM3, and a maker of synthetic checkpoints. */
module org.smollm3.weights.fixtures {
  requires org.smollm3.api;
  requires tools.jackson.databind;

  provides org.smollm3.spi.ModelSource with
      org.smollm3.fixtures.EmbeddedModel;
  provides org.smollm3.spi.Tool with
      org.smollm3.fixtures.FixtureTool;
}
