/** The program smollm3. */
module org.smollm3.cli {
  requires org.smollm3.api;
  requires info.picocli;
  requires tools.jackson.databind;

  uses org.smollm3.spi.FileInspector;
  uses org.smollm3.spi.Tool;
}
