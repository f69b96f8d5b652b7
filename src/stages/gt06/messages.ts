/** What a login says. */
export interface Gt06Login {
  readonly kind: 'login'
  /** 15 digits; 16 hexadecimal digits where the eight bytes are no IMEI with a 0 before it. */
  readonly imei: string
  readonly type_code_hex?: string
  readonly timezone_language_hex?: string
  /** How far the clock of the terminal is before UTC. */
  readonly utc_offset_minutes?: number
  readonly extra_hex?: string
}

/** The state byte of heartbeats and alarms. */
export interface Gt06TerminalInfo {
  /** The byte as it is. */
  readonly raw_hex?: string
  readonly oil_electricity_disconnected: boolean
  readonly gps_on: boolean
  /** 0 none, 1 shock, 2 power cut, 3 low battery, 4 SOS. */
  readonly alarm_code: number
  readonly charging: boolean
  readonly acc_on: boolean
  readonly armed: boolean
}

/** A heartbeat. */
export interface Gt06Heartbeat {
  readonly kind: 'heartbeat'
  readonly terminal_info?: Gt06TerminalInfo
  /** 0 no power to 6 full. */
  readonly voltage_level?: number
  readonly battery_v?: number
  readonly gsm_signal_level?: number
  readonly alarm?: number
  readonly language?: number
  /** All of the content, where its layout is not known to the end. */
  readonly content_hex?: string
  readonly extra_hex?: string
}

/** Where a terminal was, and when. */
export interface Gt06Position {
  /** The six bytes of date and time as they were sent, also where they are no date; see `time_basis`. */
  readonly device_time: string
  /** Whether `device_time` is UTC, or in the zone that the terminal is set to. */
  readonly time_basis?: 'utc' | 'device clock'
  readonly gps_info_length?: number
  readonly satellites: number
  readonly latitude_deg: number
  readonly longitude_deg: number
  readonly speed_kmh: number
  /** Clockwise from north. */
  readonly course_deg: number
  readonly fix: boolean
  readonly differential: boolean
  /** The two bytes of course and status as they are. */
  readonly course_status_hex?: string
}

/** A cell of a mobile network. */
export interface Gt06Cell {
  readonly mcc: number
  readonly mnc: number
  readonly lac: number
  readonly cell_id: number | bigint
}

/** A location report. */
export interface Gt06Location extends Gt06Position {
  readonly kind: 'location'
  readonly cell?: Gt06Cell
  readonly acc_on?: boolean
  readonly upload_mode?: number
  readonly reupload?: number
  readonly extra_hex?: string
}

/** An alarm, with the location where it was raised. */
export interface Gt06Alarm extends Gt06Position {
  readonly kind: 'alarm'
  /** 8, or 9 where it counts itself; 0 where there is no cell. */
  readonly lbs_length: number
  readonly cell?: Gt06Cell
  readonly terminal_info: Gt06TerminalInfo
  readonly voltage_level: number
  readonly gsm_signal_level: number
  readonly alarm: number
  readonly language: number
  readonly extra_hex?: string
}

/** The cells that a terminal without a fix sees. */
export interface Gt06Lbs {
  readonly kind: 'lbs'
  readonly device_time: string
  readonly mcc: number
  readonly mnc: number
  readonly cells: readonly { readonly lac: number; readonly cell_id: number; readonly rssi: number }[]
  readonly extra_hex?: string
}

/** Something that a terminal tells of itself: `text` for type 0x04, else `data_hex`. */
export interface Gt06Information {
  readonly kind: 'information'
  /** Such as `0x04`. */
  readonly information_type: string
  readonly text?: string
  readonly data_hex?: string
}

/** A command, as a server sends it. */
export interface Gt06Command {
  readonly kind: 'command'
  /** Names the command; the terminal repeats it. */
  readonly server_flag: number
  readonly text: string
  readonly language: number | null
  readonly extra_hex?: string
}

/** What a terminal says to a command. */
export interface Gt06CommandResponse {
  readonly kind: 'command_response'
  readonly server_flag: number
  readonly text: string
  /** Of type 0x15. */
  readonly language?: number | null
  /** Of type 0x21: 1 ASCII, 2 UTF-16. */
  readonly encoding?: number
  readonly extra_hex?: string
}

/** A terminal asks for the time. */
export interface Gt06TimeRequest {
  readonly kind: 'time_request'
}

/** The time, as a server tells it. */
export interface Gt06TimeAnswer {
  readonly kind: 'time_answer'
  /** UTC. */
  readonly time: string
}

/** Anything else, and what is too short for its type. */
export interface Gt06Other {
  readonly kind: 'other'
  readonly content_hex: string
}

/** The content of a frame, decoded. */
export type Gt06Body =
  | Gt06Login
  | Gt06Heartbeat
  | Gt06Location
  | Gt06Alarm
  | Gt06Lbs
  | Gt06Information
  | Gt06Command
  | Gt06CommandResponse
  | Gt06TimeRequest
  | Gt06TimeAnswer
  | Gt06Other

/** A frame, decoded. */
export type Gt06Message<B extends Gt06Body = Gt06Body> = B & {
  readonly start: '7878' | '7979'
  /** Such as `0x12`. */
  readonly protocol_number: string
  readonly serial: number
  /** The check as the frame has it. */
  readonly crc_itu?: string
}
