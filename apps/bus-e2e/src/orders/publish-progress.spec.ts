import { PublishProgress } from './publish-progress';

describe(PublishProgress.name, () => {
  it('tells who waits for a share when it is reached', async () => {
    const progress = new PublishProgress(4);
    let isReached = false;
    const half = progress.reached(0.5).then(() => (isReached = true));
    await progress.answer();
    expect(isReached).toBe(false);
    await progress.answer();
    await half;
    expect(isReached).toBe(true);
  });

  it('tells at once of a share that was passed before it was asked for', async () => {
    const progress = new PublishProgress(3);
    for (let call = 0; call < 3; call += 1) await progress.answer();
    await progress.reached(2 / 3);
    expect(progress.count).toBe(3);
  });

  it('lets no call leave while it is held by who waited for the share', async () => {
    const progress = new PublishProgress(2);
    let goOn: () => void = () => undefined;
    const holder = progress.reached(0.5).then(() => (goOn = progress.hold()));
    let left = false;
    const answered = progress.answer().then(() => (left = true));
    await holder;
    await new Promise((turn) => setImmediate(turn));
    expect(left).toBe(false);
    goOn();
    await answered;
    expect(left).toBe(true);
  });
});
