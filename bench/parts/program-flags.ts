/** What the program and the image of Headgate set; the library cannot. */
export const programFlags: readonly string[] = ['--max-semi-space-size=64']
