/** Whether IoT Hub takes a text as a device id: 1 to 128 letters, digits and `- . + % _ # * ? ! ( ) , = @ $ ' :`. */
export function isDeviceId(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9\-.+%_#*?!(),=@$':]{1,128}$/.test(text)
}

/** Whether IoT Hub takes a text as the name of a message property: 1 to 128 letters, digits and `` ! # $ % & ' * + - . ^ _ ` | ~ ``. */
export function isPropertyName(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text)
}

/** Whether IoT Hub takes a text as a message id: 1 to 128 letters, digits and `- : . + % _ # * ? ! ( ) , = @ ; $ '`. */
export function isMessageId(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/.test(text)
}
