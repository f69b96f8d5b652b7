import azureCommon from 'azure-iot-common'

const anHour = 3600

/** The path and the headers with which a device sends batches, its token made once. */
export function batchRequestOf(
  host: string,
  deviceId: string,
  key: string,
): { path: string; headers: Record<string, string> } {
  const resource = `${host}/devices/${encodeURIComponent(deviceId)}`
  const expiry = Math.floor(Date.now() / 1000) + anHour
  // A key of the device's own has no name.
  const token = azureCommon.SharedAccessSignature.create(
    resource,
    undefined as unknown as string,
    key,
    expiry,
  ).toString()
  return {
    path: azureCommon.endpoint.deviceEventPath(deviceId) + azureCommon.endpoint.versionQueryString(),
    headers: {
      Authorization: token,
      'Content-Type': 'application/vnd.microsoft.iothub.json',
      'iothub-to': azureCommon.endpoint.deviceEventPath(deviceId),
    },
  }
}

/** The path at which a device asks for commands. */
export function pollPathOf(deviceId: string): string {
  return azureCommon.endpoint.deviceMessagePath(deviceId) + azureCommon.endpoint.versionQueryString()
}
