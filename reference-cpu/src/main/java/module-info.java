/** The reference backends: cpu on the Vector API, and exact in double precision. */
module org.smollm3.reference.cpu {
  requires org.smollm3.api;
  // Optional at run time: without it the scalar twins of the kernels run.
  requires static jdk.incubator.vector;
}
