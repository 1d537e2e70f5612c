/** The Neuron backend. */
module org.smollm3.backend.neuron {
  requires org.smollm3.api;

  provides org.smollm3.spi.BackendProvider with
      org.smollm3.neuron.NeuronBackendProvider;
}
