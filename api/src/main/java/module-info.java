/** The SPI of SmolLM3 backends, and the model written against it. */
module org.smollm3.api {
  requires static transitive org.jspecify;
  requires tools.jackson.databind;

  exports org.smollm3.attention;
  exports org.smollm3.checkpoint;
  exports org.smollm3.error;
  exports org.smollm3.generation;
  exports org.smollm3.kvcache;
  exports org.smollm3.model;
  exports org.smollm3.parallel;
  exports org.smollm3.spi;
  exports org.smollm3.tensor;
  exports org.smollm3.text;

  uses org.smollm3.spi.BackendProvider;
  uses org.smollm3.spi.ModelSource;
  uses org.smollm3.spi.Oracle;
  uses org.smollm3.spi.Tool;
}
