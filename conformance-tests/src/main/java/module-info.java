/** Judging backends. */
module org.smollm3.conformance {
  requires org.smollm3.api;
  requires tools.jackson.databind;
}
