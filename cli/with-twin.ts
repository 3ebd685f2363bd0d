/** Works on a twin and stops it. When both fail, the work's error is the one to tell. */
export async function withTwin<Twin extends { stop(): Promise<void> }, T>(
  twin: Twin,
  work: (twin: Twin) => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await work(twin);
  } catch (error) {
    await twin.stop().catch(() => undefined);
    throw error;
  }
  await twin.stop();
  return result;
}
