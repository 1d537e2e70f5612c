/** A small trained SmolLM3, and a maker of synthetic checkpoints. */
module org.smollm3.weights.fixtures {
  requires org.smollm3.api;
  requires tools.jackson.databind;
}
