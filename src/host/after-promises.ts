/**
 * Calls `then` soon, but only once every promise continuation that can run has run, those included that others
 * bring forth. The simulated world asks for this between two events, so that the code under test has done all that
 * an event made it do before virtual time moves on. Only the platform can tell, hence a parameter.
 */
export type AfterPromises = (then: () => void) => void;
