/** The Neuron backend. */
module org.smollm3.backend.neuron {
  requires org.smollm3.api;
  requires tools.jackson.databind;

  provides org.smollm3.spi.BackendProvider with
      org.smollm3.neuron.NeuronBackendProvider,
      org.smollm3.neuron.SimulatedBackendProvider,
      org.smollm3.neuron.lowered.HloBackendProvider;
  provides org.smollm3.spi.FileInspector with
      org.smollm3.neuron.artifacts.NeffInspector,
      org.smollm3.neuron.artifacts.MetaNeffInspector,
      org.smollm3.neuron.artifacts.ModelPtInspector,
      org.smollm3.neuron.bundle.HloInspector;
  provides org.smollm3.spi.MutantSource with
      org.smollm3.neuron.mutants.LoweredMutants;
  provides org.smollm3.spi.Tool with
      org.smollm3.neuron.bundle.CompileTool;
}
