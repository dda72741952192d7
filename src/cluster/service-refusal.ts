/** What a service throws that does not answer a node at present. It is nobody's fault, and no news to an operator; who asked is told as of a failure. */
export class ServiceRefusal extends Error {
  override readonly name = "ServiceRefusal";
}
